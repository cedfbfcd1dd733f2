"""The plan: what one case's document holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime

from services.outcomes.domain.words import (
    ContactStatus,
    InstrumentName,
    PlanStatus,
    ReferralStatus,
    Stage,
    Strict,
)
from shared.errors import NotFound
from shared.events import Event, GoalAchievement, GoalLifecycle, ReferralKind

ENDED: frozenset[ReferralStatus] = frozenset(
    {"declined", "withdrawn", "completed", "not_completed"}
)
"""After these nothing more is expected of a referral."""


class KnownReferral(Strict):
    """A referral of the case; ``seq`` is that of the fact that gave it this status."""

    kind: ReferralKind
    service_id: str
    status: ReferralStatus
    seq: int


class Contact(Strict):
    """An appointment as last told.

    ``at`` is when that fact came true, ``seq`` its number among the facts of the referral.
    """

    referral_id: str
    status: ContactStatus
    at: AwareDatetime
    seq: int


class Need(Strict):
    """A need, weighed from 0 to 10 once someone has asked the person."""

    need_code: str
    importance: int | None = None
    own_words: str | None = None


class Assessment(Strict):
    """What the link worker and the person found together."""

    id: str
    needs: tuple[Need, ...]
    strengths: str | None
    notes: str | None
    completed_at: AwareDatetime
    completed_by: str


class GoalChange(Strict):
    """One dated step of a goal: where it stood from then on, and who said so.

    ``confidence`` is the person's own, 0 to 10, where it was asked.
    """

    id: str
    at: AwareDatetime
    by: str
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    confidence: int | None = None
    note: str | None = None


class Goal(Strict):
    """Something the person wants, in their own words. ``changes`` has at least one entry."""

    id: str
    wording: str
    need_code: str
    changes: tuple[GoalChange, ...]

    @property
    def lifecycle_status(self) -> GoalLifecycle:
        """Where the goal stands (FHIR Goal.lifecycleStatus)."""
        return self.changes[-1].lifecycle_status

    @property
    def achievement_status(self) -> GoalAchievement:
        """How near it is (FHIR Goal.achievementStatus)."""
        return self.changes[-1].achievement_status

    @property
    def confidence(self) -> int | None:
        """The confidence last given."""
        given = (change.confidence for change in reversed(self.changes))
        return next((confidence for confidence in given if confidence is not None), None)

    def change(self, change_id: str) -> GoalChange:
        """The step with this id, or NotFound."""
        for change in self.changes:
            if change.id == change_id:
                return change
        raise NotFound("The goal has no such change.")


class Measure(Strict):
    """One answering of an instrument, with the scores as they were worked out then.

    ``scorer`` is the version of the scoring rules, so that old scores stay explicable.
    """

    id: str
    instrument: InstrumentName
    stage: Stage
    answers: Mapping[str, int]
    bands: Mapping[str, str]
    total: int | None
    scorer: int
    recorded_at: AwareDatetime
    recorded_by: str


class Plan(Strict):
    """One case from intake to close. The intake referral is the case and has its id.

    ``needs`` are those the referrer coded until an assessment replaces them. Referrals
    and contacts are keyed by their ids, so that hearing of one twice changes nothing.
    """

    tenant: str
    case_id: str
    person_id: str
    source_organisation_id: str
    team_organisation_id: str
    opened_at: AwareDatetime
    referrals: Mapping[str, KnownReferral]
    needs: tuple[Need, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    goals: tuple[Goal, ...] = ()
    measures: tuple[Measure, ...] = ()
    attendance: Mapping[str, Contact] = {}

    @property
    def status(self) -> PlanStatus:
        """Closed once the intake has ended."""
        intake = self.referrals.get(self.case_id)
        return "closed" if intake is not None and intake.status in ENDED else "open"

    @property
    def attended(self) -> int:
        """How many appointments the person came to, at whichever service."""
        return self._contacts("attended")

    @property
    def missed(self) -> int:
        """How many appointments the person did not come to."""
        return self._contacts("missed")

    def goal(self, goal_id: str) -> Goal:
        """The goal, or NotFound."""
        for goal in self.goals:
            if goal.id == goal_id:
                return goal
        raise NotFound("The plan has no such goal.")

    def _contacts(self, status: ContactStatus) -> int:
        return sum(contact.status == status for contact in self.attendance.values())


Changed = tuple[Plan, Sequence[Event]]
"""The plan after a change, and what happened."""
