"""Facts owned by outcomes, on ``outcome-events``; the case's id is the key."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.base import CaseEvent

GoalLifecycle = Literal[
    "proposed",
    "planned",
    "accepted",
    "active",
    "on-hold",
    "completed",
    "cancelled",
    "entered-in-error",
    "rejected",
]
"""FHIR R4 Goal.lifecycleStatus."""

GoalAchievement = Literal[
    "in-progress",
    "improving",
    "worsening",
    "no-change",
    "achieved",
    "sustaining",
    "not-achieved",
    "no-progress",
    "not-attainable",
]
"""FHIR R4 Goal.achievementStatus."""


GoalChangeCode = Literal[
    "set",
    "progressed",
    "lifecycle",
    "reworded",
    "step_added",
    "step_completed",
    "confidence",
]
"""What about a goal changed."""

AssessmentStage = Literal["baseline", "review", "final"]


class OutcomeEvent(CaseEvent):
    """What every fact about a plan says."""

    topic: ClassVar[str] = "outcome-events"

    @property
    def subject(self) -> str:
        """The plan's id, which is the case's."""
        return self.case_id


class AssessmentCompleted(OutcomeEvent):
    """The link worker and the person said what matters."""

    type = "assessment-completed"
    phrase = "Assessment completed"

    assessment_id: str
    need_codes: tuple[str, ...] = ()
    stage: AssessmentStage = "baseline"
    revision: int = 1


class AssessmentAmended(OutcomeEvent):
    """A completed assessment was put right; ``revision`` counts from 1."""

    type = "assessment-amended"
    phrase = "Assessment amended"

    assessment_id: str
    need_codes: tuple[str, ...] = ()
    stage: AssessmentStage = "baseline"
    revision: int


class GoalUpdated(OutcomeEvent):
    """A goal was set or moved; ``change`` says which."""

    type = "goal-updated"
    phrase = "Goal updated"

    goal_id: str
    change: GoalChangeCode
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    confidence: int | None = None
    """How sure the person is of reaching it, 0 to 10."""


class MeasureRecorded(OutcomeEvent):
    """A wellbeing instrument was answered; scores stay in outcomes."""

    type = "measure-recorded"
    phrase = "Measure recorded"

    measure_id: str
    instrument: str
    stage: AssessmentStage
