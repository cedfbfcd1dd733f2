"""Facts of a person's rights over their data: held, erased, opted out; ids and codes only."""

from __future__ import annotations

from typing import ClassVar

from shared.events.base import Event
from shared.events.persons import PersonEvent


class PersonProcessingHeld(PersonEvent):
    """Whether new processing of the person's data waits for a decision on their request."""

    type = "person-processing-held"
    phrase = "New processing held or released"

    erasure_id: str
    held: bool


class PersonDataOptOutChanged(PersonEvent):
    """Whether the person's data may be used beyond their own care (National Data Opt-out)."""

    type = "person-data-opt-out-changed"
    phrase = "National data opt-out recorded or lifted"

    opted_out: bool


class PersonErased(PersonEvent):
    """The person's data is erased: every service removes what it holds, and says so.

    ``person_ids`` are the ids of all their records, merged ones included; ``service_ids``
    those of the services they were referred to.
    """

    type = "person-erased"
    phrase = "Person erased"

    erasure_id: str
    person_ids: tuple[str, ...]
    case_ids: tuple[str, ...] = ()
    referral_ids: tuple[str, ...] = ()
    service_ids: tuple[str, ...] = ()


class ErasureApplied(Event):
    """A service removed what it held of an erased person; a replay brings nothing back."""

    phrase: ClassVar[str] = "Erasure applied"

    erasure_id: str

    @property
    def subject(self) -> str:
        """The erasure's id."""
        return self.erasure_id

    @property
    def key(self) -> str:
        """The erasure's id."""
        return self.erasure_id


class DirectoryErasureApplied(ErasureApplied):
    """The directory did."""

    type = "directory-erasure-applied"
    topic = "directory-events"


class OutcomesErasureApplied(ErasureApplied):
    """Outcomes did."""

    type = "outcomes-erasure-applied"
    topic = "outcome-events"


class NotificationsErasureApplied(ErasureApplied):
    """Notifications did."""

    type = "notifications-erasure-applied"
    topic = "notification-events"
