"""What one request touches, noted where it is touched and written down before the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING

from shared.audit.lines import Touched, Who, entries
from shared.cause import Actor

if TYPE_CHECKING:
    from shared.audit.journal import Journal

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_NOBODY = Actor(subject="unknown", role="unknown", organisation="unknown", tenant="unknown")
"""Whoever asks without a token is known by what their link names, or not at all."""


class Trail:
    """One request: who makes it, what for, and which records about persons it has read."""

    __slots__ = ("_journal", "_touched", "actor", "purpose", "request_id")

    def __init__(self, journal: Journal, request_id: str, purpose: str) -> None:
        self._journal = journal
        self._touched: dict[tuple[str, str], Touched] = {}
        self.actor: Actor | None = None
        self.request_id = request_id
        self.purpose = purpose

    def note(self, kind: str, record_id: str, about: Sequence[str]) -> None:
        """This record was read, and is about these."""
        self._touched[kind, record_id] = Touched(kind, record_id, tuple(about))

    @property
    def pending(self) -> bool:
        """Whether something was read that is not yet written down."""
        return bool(self._touched)

    def who(self, actor: Actor | None = None) -> Who:
        """Who acts in this request."""
        return Who.of(actor or self.actor or _NOBODY, self.request_id, self.purpose)

    async def close(self, status: int, route: str) -> None:
        """Write down what was read. Raises Unavailable where that cannot be done."""
        touched, self._touched = [*self._touched.values()], {}
        outcome = "refused" if status in _REFUSALS else "failed"
        if status < HTTPStatus.BAD_REQUEST:
            outcome = "allowed"
        journal = self._journal
        await journal.note(
            entries(self.who(), "read", journal.now(), touched, outcome=outcome, route=route)
        )

    async def record(
        self,
        action: str,
        touched: Sequence[Touched],
        *,
        reason: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> int:
        """Write down an act of this request; gives the line's number."""
        journal = self._journal
        lines = entries(self.who(), action, journal.now(), touched, reason=reason, detail=detail)
        return await journal.write(lines)


TRAIL: ContextVar[Trail | None] = ContextVar("linkway_trail", default=None)


def current_trail() -> Trail | None:
    """The trail of the request in hand; None outside of requests."""
    return TRAIL.get()


@contextmanager
def following(trail: Trail) -> Iterator[Trail]:
    """Note on ``trail`` what is read inside the block."""
    token = TRAIL.set(trail)
    try:
        yield trail
    finally:
        TRAIL.reset(token)


def acting(actor: Actor) -> None:
    """Say who makes the request in hand, where no bearer token does."""
    trail = TRAIL.get()
    if trail is not None:
        trail.actor = actor


async def record(
    action: str,
    *,
    kind: str,
    record: str,
    about: Sequence[str] = (),
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> int:
    """Write down an act of the request in hand, before it is done; gives the line's number.

    ``action`` is a word such as ``dead-letter-replayed``, ``kind`` and ``record`` say what it
    is done to, ``about`` whose record that is (opaque ids). ``reason`` is the actor's own,
    and says nothing about a person; ``detail`` holds codes, numbers and times. Raises
    Unavailable where the audit cannot be written: the act must then not be done. Raises
    RuntimeError outside of a request.
    """
    trail = TRAIL.get()
    if trail is None:
        raise RuntimeError("Only a request can be recorded: there is none in hand.")
    touched = [Touched(kind, record, tuple(about))]
    return await trail.record(action, touched, reason=reason, detail=detail)
