"""What is shown of a plan: all of it to the team, how far it has come to who referred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from services.outcomes.domain import (
    Assessment,
    Attempt,
    Attendance,
    Comparison,
    Contact,
    Goal,
    GoalChange,
    GoalStep,
    GpContacts,
    KnownReferral,
    Measure,
    Need,
    Plan,
    PlanStatus,
    SuggestedSearch,
    attendance_of,
    changes_since_baseline,
    days_to_first_contact,
)
from services.outcomes.domain.words import ReferralStatus
from shared.events import GoalAchievement, GoalLifecycle, ReferralKind
from shared.store import Saved


class ReferralView(BaseModel):
    """A referral of the case, and whole days until its first attended contact."""

    kind: ReferralKind
    service_id: str
    status: ReferralStatus
    made_at: AwareDatetime | None
    replaces: str | None
    rerouted_to: str | None
    days_to_first_attended: int | None

    @classmethod
    def of(cls, plan: Plan, referral_id: str, known: KnownReferral) -> ReferralView:
        """As the facts told it."""
        return cls(
            kind=known.kind,
            service_id=known.service_id,
            status=known.status,
            made_at=known.made_at,
            replaces=known.replaces,
            rerouted_to=known.rerouted_to,
            days_to_first_attended=days_to_first_contact(plan, referral_id),
        )


class _PlanHead(BaseModel):
    case_id: str
    person_id: str
    status: PlanStatus
    version: int
    opened_at: AwareDatetime
    previous_case_id: str | None
    source_organisation_id: str
    team_organisation_id: str
    attendance: Attendance
    gp_contacts: GpContacts | None

    @staticmethod
    def head(saved: Saved[Plan]) -> dict[str, object]:
        """What every view of a plan begins with."""
        plan = saved.state
        return {
            "case_id": plan.case_id,
            "person_id": plan.person_id,
            "status": plan.status,
            "version": saved.version,
            "opened_at": plan.opened_at,
            "previous_case_id": plan.previous_case_id,
            "source_organisation_id": plan.source_organisation_id,
            "team_organisation_id": plan.team_organisation_id,
            "attendance": attendance_of(plan),
            "gp_contacts": plan.gp_contacts,
        }


class GoalView(BaseModel):
    """A goal in the person's own words, with its steps and every change it went through.

    ``confidence`` is the person's, ``worker_confidence`` a worker's, each 0 to 10.
    """

    id: str
    wording: str
    need_code: str
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    confidence: int | None
    worker_confidence: int | None
    steps: Sequence[GoalStep]
    changes: Sequence[GoalChange]

    @classmethod
    def of(cls, goal: Goal) -> GoalView:
        """All of the goal."""
        return cls(
            id=goal.id,
            wording=goal.wording,
            need_code=goal.need_code,
            lifecycle_status=goal.lifecycle_status,
            achievement_status=goal.achievement_status,
            confidence=goal.confidence,
            worker_confidence=goal.worker_confidence,
            steps=goal.steps,
            changes=goal.changes,
        )


class PlanView(_PlanHead):
    """All of a plan, for the team that supports the person.

    ``changes_since_baseline`` puts each instrument's latest answers beside its first.
    """

    access: Literal["full"] = "full"
    referrals: Mapping[str, ReferralView]
    contacts: Mapping[str, Contact]
    attempts: Mapping[str, Attempt]
    needs: Sequence[Need]
    assessments: Sequence[Assessment]
    goals: Sequence[GoalView]
    measures: Sequence[Measure]
    changes_since_baseline: Sequence[Comparison]

    @classmethod
    def of(cls, saved: Saved[Plan]) -> PlanView:
        """The plan as it is."""
        plan = saved.state
        return cls.model_validate(
            {
                **cls.head(saved),
                "referrals": {
                    id_: ReferralView.of(plan, id_, known) for id_, known in plan.referrals.items()
                },
                "contacts": plan.attendance,
                "attempts": plan.attempts,
                "needs": plan.needs,
                "assessments": plan.assessments,
                "goals": [GoalView.of(goal) for goal in plan.goals],
                "measures": plan.measures,
                "changes_since_baseline": changes_since_baseline(plan.measures),
            }
        )


class GoalStanding(BaseModel):
    """How far a goal has come, without what it is about."""

    id: str
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement

    @classmethod
    def of(cls, goal: Goal) -> GoalStanding:
        """Where the goal stands."""
        return cls(
            id=goal.id,
            lifecycle_status=goal.lifecycle_status,
            achievement_status=goal.achievement_status,
        )


class PlanSummary(_PlanHead):
    """How far a plan has come: no needs, no answers and nobody's own words.

    Goals set in error and assessments not yet complete are left out.
    """

    access: Literal["summary"] = "summary"
    goals: Sequence[GoalStanding]
    assessment_count: int
    measure_count: int

    @classmethod
    def of(cls, saved: Saved[Plan]) -> PlanSummary:
        """The plan as who referred the person, or a list of plans, may show it."""
        plan = saved.state
        return cls.model_validate(
            {
                **cls.head(saved),
                "goals": [
                    GoalStanding.of(goal)
                    for goal in plan.goals
                    if goal.lifecycle_status != "entered-in-error"
                ],
                "assessment_count": sum(each.complete for each in plan.assessments),
                "measure_count": len(plan.measures),
            }
        )


class AssessmentView(Assessment):
    """An assessment, with searches to post to the directory as they are, or with a place added."""

    suggested_searches: tuple[SuggestedSearch, ...]

    @classmethod
    def showing(
        cls, assessment: Assessment, searches: tuple[SuggestedSearch, ...]
    ) -> AssessmentView:
        """The assessment and what it suggests."""
        return cls.model_validate({**assessment.model_dump(), "suggested_searches": searches})
