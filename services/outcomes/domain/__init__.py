"""Plans and their rules: pure functions from a plan to the next plan and what happened."""

from services.outcomes.domain.access import WORKERS, Access, access_of, require_team
from services.outcomes.domain.assessments import complete_assessment
from services.outcomes.domain.commands import (
    AssessedNeed,
    CompleteAssessment,
    MoveGoal,
    RecordMeasure,
    RecordProgress,
    SetGoal,
)
from services.outcomes.domain.facts import note_appointment, note_referral, open_plan
from services.outcomes.domain.goals import TRANSITIONS, move_goal, record_progress, set_goal
from services.outcomes.domain.measures import INSTRUMENTS, Score, record_measure, score
from services.outcomes.domain.plan import (
    Assessment,
    Changed,
    Contact,
    Goal,
    GoalChange,
    KnownReferral,
    Measure,
    Need,
    Plan,
)
from services.outcomes.domain.words import PlanStatus

__all__ = [
    "INSTRUMENTS",
    "TRANSITIONS",
    "WORKERS",
    "Access",
    "AssessedNeed",
    "Assessment",
    "Changed",
    "CompleteAssessment",
    "Contact",
    "Goal",
    "GoalChange",
    "KnownReferral",
    "Measure",
    "MoveGoal",
    "Need",
    "Plan",
    "PlanStatus",
    "RecordMeasure",
    "RecordProgress",
    "Score",
    "SetGoal",
    "access_of",
    "complete_assessment",
    "move_goal",
    "note_appointment",
    "note_referral",
    "open_plan",
    "record_measure",
    "record_progress",
    "require_team",
    "score",
    "set_goal",
]
