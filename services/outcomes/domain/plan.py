"""The plan: what one case's document holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime, Field

from services.outcomes.domain.assessment import Assessment, Need
from services.outcomes.domain.goal import Goal
from services.outcomes.domain.measure import Measure
from services.outcomes.domain.words import ContactStatus, PlanStatus, ReferralStatus, Strict
from shared.errors import NotFound
from shared.events import ContactChannel, ContactOutcome, Event, ReferralKind

ENDED: frozenset[ReferralStatus] = frozenset(
    {"declined", "expired", "withdrawn", "completed", "not_completed"}
)
"""After these nothing more is expected of a referral."""


class KnownReferral(Strict):
    """A referral of the case; ``seq`` is that of the fact that gave it its last status.

    ``made_at`` is known once its creation was heard of, ``replaces`` is the referral it was
    made instead of, ``rerouted_to`` the one made instead of it.
    """

    kind: ReferralKind
    service_id: str
    status: ReferralStatus
    seq: int
    made_at: AwareDatetime | None = None
    replaces: str | None = None
    rerouted_to: str | None = None


class Contact(Strict):
    """An appointment as last told.

    ``at`` is when that fact came true, ``seq`` its number among the facts of the referral,
    ``start`` the time it was arranged for, with the number of the fact that said so.
    """

    referral_id: str
    status: ContactStatus
    at: AwareDatetime
    seq: int
    start: AwareDatetime | None = None
    start_seq: int = 0


class Attempt(Strict):
    """A try to reach the person outside any appointment."""

    referral_id: str
    channel: ContactChannel
    outcome_code: ContactOutcome
    at: AwareDatetime


class GpContacts(Strict):
    """Contacts with the practice in the months before the case was opened and as many after."""

    before: int
    after: int | None
    months: int
    recorded_at: AwareDatetime
    recorded_by_organisation: str


class Plan(Strict):
    """One case from intake to close. The intake referral is the case and has its id.

    ``person_id`` is whom the case is counted under now, ``own_person_id`` whom its intake
    named, before any records were merged. ``needs`` are those the referrer coded until an
    assessment replaces them. Referrals, contacts and attempts are keyed by their ids, so
    that hearing of one twice changes nothing.
    """

    tenant: str
    case_id: str
    person_id: str
    own_person_id: str
    source_organisation_id: str
    team_organisation_id: str
    opened_at: AwareDatetime
    previous_case_id: str | None = None
    referrals: Mapping[str, KnownReferral]
    needs: tuple[Need, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    goals: tuple[Goal, ...] = ()
    measures: tuple[Measure, ...] = ()
    attendance: Mapping[str, Contact] = Field(default_factory=dict)
    attempts: Mapping[str, Attempt] = Field(default_factory=dict)
    gp_contacts: GpContacts | None = None

    @property
    def status(self) -> PlanStatus:
        """Closed once the intake has ended."""
        intake = self.referrals.get(self.case_id)
        if intake is None:
            return "open"
        if intake.status == "entered_in_error":
            return "entered_in_error"
        return "closed" if intake.status in ENDED else "open"

    def goal(self, goal_id: str) -> Goal:
        """The goal, or NotFound."""
        for goal in self.goals:
            if goal.id == goal_id:
                return goal
        raise NotFound("The plan has no such goal.")

    def assessment(self, assessment_id: str) -> Assessment:
        """The assessment, or NotFound."""
        for assessment in self.assessments:
            if assessment.id == assessment_id:
                return assessment
        raise NotFound("The plan has no such assessment.")


Changed = tuple[Plan, Sequence[Event]]
"""The plan after a change, and what happened."""
