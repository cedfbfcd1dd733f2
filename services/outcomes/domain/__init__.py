"""Plans and their rules: pure functions from a plan to the next plan and what happened."""

from services.outcomes.domain.access import permit, sight
from services.outcomes.domain.assessment import Assessment, Findings, Need, Strength
from services.outcomes.domain.assessments import (
    amend_assessment,
    complete_assessment,
    finish_assessment,
    save_assessment,
    start_assessment,
)
from services.outcomes.domain.attendance import (
    Attendance,
    attendance_of,
    days_to_first_contact,
)
from services.outcomes.domain.change import CAVEATS, Comparison, changes_since_baseline
from services.outcomes.domain.commands import (
    AddStep,
    AmendAssessment,
    AssessedNeed,
    CompleteAssessment,
    MoveGoal,
    RecordGpContacts,
    RecordMeasure,
    RecordProgress,
    RewordGoal,
    SaveAssessment,
    SetGoal,
    StartAssessment,
    StateConfidence,
    StatedStrength,
)
from services.outcomes.domain.facts import (
    CHANGING,
    UNCHANGING,
    note_appointment,
    note_attempt,
    note_referral,
    open_plan,
)
from services.outcomes.domain.goal import Goal, GoalChange, GoalStep
from services.outcomes.domain.goals import (
    add_step,
    complete_step,
    move_goal,
    record_progress,
    reword_goal,
    set_goal,
    state_confidence,
)
from services.outcomes.domain.gp import record_gp_contacts
from services.outcomes.domain.instruments import (
    BUILT_IN,
    InstalledInstrument,
    Instrument,
    check_instrument,
)
from services.outcomes.domain.lifecycle import GOAL_TABLE, moves_in_words
from services.outcomes.domain.measure import Measure
from services.outcomes.domain.measures import record_measure
from services.outcomes.domain.people import (
    Alias,
    count_under,
    note_merge,
    owner_of,
    survivor_of,
)
from services.outcomes.domain.plan import (
    Attempt,
    Changed,
    Contact,
    GpContacts,
    KnownReferral,
    Plan,
)
from services.outcomes.domain.policy import Sight
from services.outcomes.domain.scoring import SCORER, Score, score
from services.outcomes.domain.searches import SuggestedSearch, suggested_searches
from services.outcomes.domain.statuses import CONTACT_STATUSES, REFERRAL_STATUSES
from services.outcomes.domain.words import ItemId, PlanStatus

__all__ = [
    "BUILT_IN",
    "CAVEATS",
    "CHANGING",
    "CONTACT_STATUSES",
    "GOAL_TABLE",
    "REFERRAL_STATUSES",
    "SCORER",
    "UNCHANGING",
    "AddStep",
    "Alias",
    "AmendAssessment",
    "AssessedNeed",
    "Assessment",
    "Attempt",
    "Attendance",
    "Changed",
    "Comparison",
    "CompleteAssessment",
    "Contact",
    "Findings",
    "Goal",
    "GoalChange",
    "GoalStep",
    "GpContacts",
    "InstalledInstrument",
    "Instrument",
    "ItemId",
    "KnownReferral",
    "Measure",
    "MoveGoal",
    "Need",
    "Plan",
    "PlanStatus",
    "RecordGpContacts",
    "RecordMeasure",
    "RecordProgress",
    "RewordGoal",
    "SaveAssessment",
    "Score",
    "SetGoal",
    "Sight",
    "StartAssessment",
    "StateConfidence",
    "StatedStrength",
    "Strength",
    "SuggestedSearch",
    "add_step",
    "amend_assessment",
    "attendance_of",
    "changes_since_baseline",
    "check_instrument",
    "complete_assessment",
    "complete_step",
    "count_under",
    "days_to_first_contact",
    "finish_assessment",
    "move_goal",
    "moves_in_words",
    "note_appointment",
    "note_attempt",
    "note_merge",
    "note_referral",
    "open_plan",
    "owner_of",
    "permit",
    "record_gp_contacts",
    "record_measure",
    "record_progress",
    "reword_goal",
    "save_assessment",
    "score",
    "set_goal",
    "sight",
    "start_assessment",
    "state_confidence",
    "suggested_searches",
    "survivor_of",
]
