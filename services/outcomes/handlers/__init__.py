"""The use cases of outcomes, called by the API and by the consumers alike."""

from services.outcomes.handlers.plans import (
    Added,
    Stepped,
    caseload,
    complete_assessment,
    move_goal,
    note_appointment,
    note_referral,
    open_plan,
    read_plan,
    record_measure,
    record_progress,
    set_goal,
)

__all__ = [
    "Added",
    "Stepped",
    "caseload",
    "complete_assessment",
    "move_goal",
    "note_appointment",
    "note_referral",
    "open_plan",
    "read_plan",
    "record_measure",
    "record_progress",
    "set_goal",
]
