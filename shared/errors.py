"""What can go wrong, by category.

A category never knows HTTP: ``shared.web`` turns it into a status and a problem
document, ``shared.bus`` turns it into a retry or a dead letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was wrong: where (a JSON pointer), why, and what is allowed.

    ``reason`` never repeats the value that was sent: it may be personal data.
    """

    pointer: str
    reason: str


@dataclass(eq=False)
class LinkwayError(Exception):
    """Base of every error Linkway raises on purpose.

    ``detail`` is one plain sentence for a person; ``context`` holds machine-readable
    facts that help to act (the current status, what is allowed, an id).
    """

    category: ClassVar[str] = "error"

    detail: str
    context: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail


class Unauthenticated(LinkwayError):
    """No bearer token, or one that does not verify."""

    category = "unauthenticated"


class Forbidden(LinkwayError):
    """The actor may never do this, whichever record it is; for a record use NotFound."""

    category = "forbidden"


class NotFound(LinkwayError):
    """There is no such record for this actor."""

    category = "not-found"


class Erased(NotFound):
    """There was such a record and it was erased: nothing brings it back."""


class Conflict(LinkwayError):
    """The record's present state does not allow it."""

    category = "conflict"


class Contended(Conflict):
    """Other writers changed the record first, several times in a row; trying again may work."""

    category = "contended"


class PreconditionFailed(LinkwayError):
    """``If-Match`` named a version that is no longer current."""

    category = "precondition-failed"


@dataclass(eq=False)
class Invalid(LinkwayError):
    """The input breaks a rule; ``errors`` names each field."""

    category: ClassVar[str] = "invalid"

    errors: Sequence[FieldError] = ()


class KeyReused(Invalid):
    """An Idempotency-Key was used before for another request."""

    category = "key-reused"


class TooLarge(LinkwayError):
    """The request body is larger than this service takes."""

    category = "too-large"


class TooMany(LinkwayError):
    """Asked for more often than is allowed; ``context`` says when to try again."""

    category = "too-many"


class Unavailable(LinkwayError):
    """Something this service depends on did not answer; the same call may work later."""

    category = "unavailable"


class TimedOut(Unavailable):
    """The work took longer than this service allows, and was given up."""

    category = "timed-out"
