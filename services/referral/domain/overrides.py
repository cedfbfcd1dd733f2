"""Breaking the glass: sight of a person whom the policy keeps from a worker, for a while.

It is for when waiting would harm someone. It opens reading, of that one person, to that one
worker; it is told to those who lead the case, who look at it afterwards. Source of the practice:
NHS England's Information Governance guidance on emergency ("break glass") access.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.cause import Cause
from shared.errors import Conflict
from shared.events import AccessOverridden, Event, EventActor

ReasonCode = Literal[
    "risk_to_life", "safeguarding", "urgent_contact", "covering_for_a_colleague", "person_asked"
]


class Review(BaseModel):
    """That someone who leads the team looked at it."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    by: str


class Override(BaseModel):
    """One breaking of the glass. ``cases`` are those of the teams told that hold one."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    person_id: str
    subject: str
    role: str
    organisation_id: str
    reason_code: ReasonCode
    reason: str
    """In the worker's own words: read by those told, and in no fact."""
    at: AwareDatetime
    until: AwareDatetime
    told: tuple[str, ...]
    """The organisations whose leads are told."""
    cases: dict[str, str] = {}
    """The case that each of them holds, by organisation, where it holds one."""
    reviews: dict[str, Review] = {}

    @property
    def unreviewed(self) -> tuple[str, ...]:
        """The organisations none of whose leads has looked at it."""
        return tuple(each for each in self.told if each not in self.reviews)


ChangedOverride = tuple[Override, Sequence[Event]]


def override(
    override_id: str,
    person_id: str,
    cause: Cause,
    *,
    reason_code: ReasonCode,
    reason: str,
    told: Sequence[str],
    cases: dict[str, str],
    holds: timedelta,
) -> ChangedOverride:
    """The glass is broken: a record of it, and the fact for each organisation that is told.

    Where nobody holds a case of the person, the worker's own organisation is told.
    """
    actor = cause.actor
    made = Override(
        id=override_id,
        tenant=actor.tenant,
        person_id=person_id,
        subject=actor.subject,
        role=actor.role,
        organisation_id=actor.organisation,
        reason_code=reason_code,
        reason=reason,
        at=cause.at,
        until=cause.at + holds,
        told=tuple(dict.fromkeys(told)) or (actor.organisation,),
        cases=cases,
    )
    return made, [
        AccessOverridden(
            tenant=made.tenant,
            occurred_at=cause.at,
            actor=EventActor(role=actor.role, organisation=actor.organisation),
            person_id=person_id,
            override_id=made.id,
            team_organisation_id=team,
            case_id=cases.get(team),
            until=made.until,
        )
        for team in made.told
    ]


def review(made: Override, cause: Cause) -> ChangedOverride:
    """A lead of one of the teams looked at it. Raises Conflict where one of that team did."""
    own = cause.actor.organisation
    if own not in made.unreviewed:
        raise Conflict(
            "Someone of your team has reviewed this already.",
            {"current_status": "reviewed", "allowed": []},
        )
    looked = Review(at=cause.at, by=cause.actor.subject)
    return made.model_copy(update={"reviews": {**made.reviews, own: looked}}), []
