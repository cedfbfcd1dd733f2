"""What every fact on Kafka has in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class EventActor(BaseModel):
    """Who made the fact true, without saying which person."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: str
    organisation: str


class Event(BaseModel):
    """A past fact. Subclasses only ever gain fields, each with a default.

    No name, NHS number, date of birth, address, contact detail or free text may be a
    field. ``seq`` counts the facts of one record from 1 and is stamped by the store.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """The word on the wire, such as ``referral-created``."""
    topic: ClassVar[str]
    """The owning service's topic."""
    phrase: ClassVar[str]
    """How a person reads it in a timeline."""

    tenant: str
    seq: int = Field(default=0, ge=0)
    occurred_at: AwareDatetime
    actor: EventActor

    @property
    def subject(self) -> str:
        """The id of the record the fact is about (``ce_subject``)."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """The Kafka key: facts with one key keep their order."""
        raise NotImplementedError

    @property
    def parties(self) -> frozenset[str]:
        """The organisations the fact concerns: they may subscribe to it."""
        return frozenset()


class CaseEvent(Event):
    """A fact about one person's case; the case's id is the key."""

    case_id: str
    person_id: str
    source_organisation_id: str
    """Who referred the person in: a practice, or the team itself on self-referral."""
    team_organisation_id: str
    """Whose link workers hold the case."""

    @property
    def key(self) -> str:
        """The case's id."""
        return self.case_id

    @property
    def parties(self) -> frozenset[str]:
        """The organisation that referred in and the link-worker team."""
        return frozenset({self.source_organisation_id, self.team_organisation_id})
