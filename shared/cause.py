"""Who does something, and what caused a change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.ids import derived_id, new_id


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: taken from a bearer token, or a service acting on an event.

    ``subject`` is the opaque id of a person or client at the issuer, ``organisation``
    an ODS code or an organisation id, ``tenant`` the integrated care board. ``client`` is
    the application they act through, where the issuer says so; ``scopes`` is what that
    application is held to, None where it may do all that its user may. ``operation`` is what
    they ask for, as the service's policy names it (``POST /referrals``); a service that acts
    on an event or a clock asks for nothing.
    """

    subject: str
    role: str
    organisation: str
    tenant: str
    client: str | None = None
    scopes: frozenset[str] | None = None
    operation: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a record changes: one HTTP request or one event.

    ``id`` is remembered in the record, so a repeat of the same cause changes nothing.
    ``digest`` identifies the request's content, so that one Idempotency-Key cannot
    stand for two different requests; an event has none. ``repeatable`` is true where
    the same cause may come again (a keyed request, an event).
    """

    id: str
    actor: Actor
    at: datetime
    traceparent: str | None = None
    digest: str | None = None
    repeatable: bool = False
    request_id: str | None = None
    """The HTTP request's id, as its answer and its log lines have it; none for an event."""

    def make_id(self, purpose: str) -> str:
        """The id of a thing this cause creates: the same one each time it is repeated."""
        return derived_id(self.id, purpose) if self.repeatable else new_id()

    def following(self) -> Cause:
        """The cause of what follows from it in a record that remembers the cause itself."""
        return replace(self, id=derived_id(self.id, "following"), digest=None)
