"""A goal's lifecycle: the one table that rules, errors, docs and tests read.

The words are FHIR R4's (Goal.lifecycleStatus and Goal.achievementStatus), the moves
proposed → accepted → active ⇄ on-hold → completed | cancelled; proposed → rejected; and
entered-in-error from anywhere. FHIR's ``planned`` is not used: ``accepted`` says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from shared.events import GoalAchievement, GoalLifecycle

_ANY: tuple[GoalAchievement, ...] = get_args(GoalAchievement)
_ENDED: tuple[GoalAchievement, ...] = (
    "worsening",
    "achieved",
    "sustaining",
    "not-achieved",
    "no-progress",
    "not-attainable",
)
"""What was reached may also last or be lost; it no longer comes nearer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a lifecycle status allows.

    ``next`` are the statuses that may follow, ``achievements`` those that may be recorded
    while it lasts, ``shaping`` whether wording, steps and confidence may still change.
    """

    next: tuple[GoalLifecycle, ...]
    achievements: tuple[GoalAchievement, ...] = ()
    shaping: bool = False


GOAL_TABLE: Mapping[GoalLifecycle, Standing] = {
    "proposed": Standing(("accepted", "rejected", "entered-in-error"), shaping=True),
    "accepted": Standing(("active", "entered-in-error"), shaping=True),
    "active": Standing(
        ("on-hold", "completed", "cancelled", "entered-in-error"), _ANY, shaping=True
    ),
    "on-hold": Standing(
        ("active", "completed", "cancelled", "entered-in-error"), _ANY, shaping=True
    ),
    "completed": Standing(("entered-in-error",), _ENDED),
    "cancelled": Standing(("entered-in-error",)),
    "rejected": Standing(("entered-in-error",)),
    "entered-in-error": Standing(()),
}
"""Each lifecycle status a goal here may have, and what it allows."""

UNDER_WAY: tuple[GoalLifecycle, ...] = tuple(
    status for status, standing in GOAL_TABLE.items() if standing.achievements
)
"""Where how near a goal is may be recorded."""

SHAPING: tuple[GoalLifecycle, ...] = tuple(
    status for status, standing in GOAL_TABLE.items() if standing.shaping
)
"""Where a goal's wording, steps and confidence may change."""


def moves_in_words() -> str:
    """The moves as a Markdown table, for the API's description."""
    rows = (
        f"| {status} | {', '.join(standing.next) or 'none'} "
        f"| {', '.join(standing.achievements) or 'none'} |"
        for status, standing in GOAL_TABLE.items()
    )
    head = "| lifecycle_status | may become | achievement_status that may be recorded |"
    return "\n".join((head, "|---|---|---|", *rows))
