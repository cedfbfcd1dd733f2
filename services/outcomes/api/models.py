"""What goes back over the wire: receipts, and views for the team and for who referred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from services.outcomes.domain import (
    Assessment,
    Contact,
    Goal,
    GoalChange,
    KnownReferral,
    Measure,
    Need,
    Plan,
    PlanStatus,
)
from services.outcomes.handlers import Added, Stepped
from shared.events import GoalAchievement, GoalLifecycle
from shared.store import Saved


class Receipt(BaseModel):
    """The answer to a command; a repeat of the command gets the same one.

    ``id`` is what was made or moved, ``version`` the plan's.
    """

    id: str
    case_id: str
    version: int


class RecordReceipt(Receipt):
    """An assessment or a measure is complete when it is recorded (FHIR QuestionnaireResponse)."""

    status: Literal["completed"] = "completed"

    @classmethod
    def of(cls, added: Added) -> RecordReceipt:
        """What was added."""
        return cls(id=added.id, case_id=added.case_id, version=added.version)


class GoalReceipt(Receipt):
    """Where the goal stood after the command; ``status`` is its lifecycle status."""

    status: GoalLifecycle
    achievement_status: GoalAchievement

    @classmethod
    def of(cls, stepped: Stepped) -> GoalReceipt:
        """The step that was taken."""
        return cls(
            id=stepped.goal_id,
            case_id=stepped.case_id,
            version=stepped.version,
            status=stepped.step.lifecycle_status,
            achievement_status=stepped.step.achievement_status,
        )


class Attendance(BaseModel):
    """How many contacts the person came to, and how many not, at all services together."""

    attended: int
    missed: int

    @classmethod
    def of(cls, plan: Plan) -> Attendance:
        """Counted from the contacts."""
        return cls(attended=plan.attended, missed=plan.missed)


class _PlanHead(BaseModel):
    case_id: str
    person_id: str
    status: PlanStatus
    version: int
    opened_at: AwareDatetime
    source_organisation_id: str
    team_organisation_id: str
    attendance: Attendance

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
            "source_organisation_id": plan.source_organisation_id,
            "team_organisation_id": plan.team_organisation_id,
            "attendance": Attendance.of(plan),
        }


class GoalView(BaseModel):
    """A goal in the person's own words, with every step it took."""

    id: str
    wording: str
    need_code: str
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    confidence: int | None
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
            changes=goal.changes,
        )


class PlanView(_PlanHead):
    """All of a plan, for the team that supports the person."""

    access: Literal["full"] = "full"
    referrals: Mapping[str, KnownReferral]
    contacts: Mapping[str, Contact]
    needs: Sequence[Need]
    assessments: Sequence[Assessment]
    goals: Sequence[GoalView]
    measures: Sequence[Measure]

    @classmethod
    def of(cls, saved: Saved[Plan]) -> PlanView:
        """The plan as it is."""
        plan = saved.state
        return cls.model_validate(
            {
                **cls.head(saved),
                "referrals": plan.referrals,
                "contacts": plan.attendance,
                "needs": plan.needs,
                "assessments": plan.assessments,
                "goals": [GoalView.of(goal) for goal in plan.goals],
                "measures": plan.measures,
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
    """How far a plan has come: no needs, no answers and nobody's own words."""

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
                "goals": [GoalStanding.of(goal) for goal in plan.goals],
                "assessment_count": len(plan.assessments),
                "measure_count": len(plan.measures),
            }
        )
