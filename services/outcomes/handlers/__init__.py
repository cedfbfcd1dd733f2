"""The use cases of outcomes, called by the API and by the consumers alike."""

from services.outcomes.handlers.assessments import (
    Amended,
    amend_assessment,
    complete_assessment,
    finish_assessment,
    read_assessment,
    save_assessment,
    start_assessment,
)
from services.outcomes.handlers.changing import Added
from services.outcomes.handlers.exporting import export_plans
from services.outcomes.handlers.facts import (
    note_appointment,
    note_attempt,
    note_merge,
    note_referral,
    open_plan,
)
from services.outcomes.handlers.goals import (
    GoalChanged,
    add_step,
    complete_step,
    move_goal,
    record_progress,
    reword_goal,
    set_goal,
    state_confidence,
)
from services.outcomes.handlers.measures import (
    install_instrument,
    installed_instruments,
    read_instrument,
    record_measure,
)
from services.outcomes.handlers.plans import caseload, read_plan, record_gp_contacts

__all__ = [
    "Added",
    "Amended",
    "GoalChanged",
    "add_step",
    "amend_assessment",
    "caseload",
    "complete_assessment",
    "complete_step",
    "export_plans",
    "finish_assessment",
    "install_instrument",
    "installed_instruments",
    "move_goal",
    "note_appointment",
    "note_attempt",
    "note_merge",
    "note_referral",
    "open_plan",
    "read_assessment",
    "read_instrument",
    "read_plan",
    "record_gp_contacts",
    "record_measure",
    "record_progress",
    "reword_goal",
    "save_assessment",
    "set_goal",
    "start_assessment",
    "state_confidence",
]
