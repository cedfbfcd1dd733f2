"""What the driver says when the database does not answer, in Linkway's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from shared.errors import Unavailable

_TRANSIENT = (
    ConnectionFailure,
    ExecutionTimeout,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Turn the driver's words for "did not answer" into Unavailable."""
    try:
        yield
    except _TRANSIENT as error:
        raise Unavailable(
            "The database did not answer.", {"cause": type(error).__name__}
        ) from error
    except OperationFailure as error:
        # The server itself says which failures pass: step-downs, shutdowns, interruptions.
        if error.has_error_label("RetryableWriteError") or error.code in PASSING_CODES:
            raise Unavailable("The database did not answer.", {"cause": "step-down"}) from error
        raise


PASSING_CODES = frozenset({6, 7, 89, 91, 175, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Server error codes that a driver's retry specification lists as passing, and 175: the
collection was replaced (``Database.replace_collection``) while it was read."""
