"""Two things that aiokafka 0.14 does not look at, looked at.

**A group's offsets that Kafka cannot tell yet** are asked for again, never taken for none. From
version 2 of OffsetFetch on, a coordinator that is still loading the group (after a broker was
restarted, or took the group over) answers with one error and no partitions. aiokafka finds no
offset for any partition then, starts from the beginning of every topic and commits that it is
there. Topics are kept for good: whole years would be applied again.

**A connection that is closed** fails with a RuntimeError under uvloop when it is written to,
where asyncio's own loop says nothing (aiokafka issue 1038). It ends the task that keeps the
metadata, and all who wait for metadata wait for ever: nothing is committed any more.
"""

from __future__ import annotations

from typing import Any

import structlog
from aiokafka import conn
from aiokafka.consumer import consumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest

_ELSEWHERE = (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError)


class HeedingCoordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka has no types
    """Raises what Kafka said of a whole OffsetFetch; aiokafka tries again where that may help."""

    async def _send_req(self, request: Any) -> Any:
        response = await super()._send_req(request)
        if isinstance(request, OffsetFetchRequest):
            # The versions before the second tell their errors by partition alone.
            error = for_code(getattr(response, "error_code", NoError.errno))
            if error is not NoError:
                structlog.get_logger().info("offsets not told yet", error=error.__name__)
                if error in _ELSEWHERE:
                    self.coordinator_dead()
                raise error(self.group_id)
        return response


class HeedingConnection(conn.AIOKafkaConnection):  # type: ignore[misc]  # as above
    """Tells in aiokafka's own words that it was closed, so that a new one is made."""

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - as aiokafka calls it
        """As aiokafka does; raises KafkaConnectionError where the connection was closed."""
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            raise self._closed(error) from error

    def _send_sasl_token(self, payload: bytes, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - as above
        try:
            return super()._send_sasl_token(payload, expect_response)
        except RuntimeError as error:
            raise self._closed(error) from error

    def _closed(self, error: RuntimeError) -> KafkaConnectionError:
        self.close(reason=conn.CloseReason.CONNECTION_BROKEN, exc=error)
        return KafkaConnectionError(f"Connection at {self.host}:{self.port} was closed")


def mend() -> None:
    """Let every client that is made from now on have such connections and coordinators."""
    # FastStream makes the clients, and those make the parts by these names.
    consumer.GroupCoordinator = HeedingCoordinator
    conn.AIOKafkaConnection = HeedingConnection
