"""What a link worker may ask for. Each field says what it takes; wrong ones are named."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictInt, field_validator
from pydantic_core import PydanticCustomError

from services.outcomes.domain.words import (
    InstrumentName,
    NeedCode,
    Note,
    Remark,
    Sentence,
    Stage,
    Strict,
    ZeroToTen,
)
from shared.events import GoalAchievement, GoalLifecycle


class AssessedNeed(Strict):
    """A need, how much it matters to the person, and how they put it."""

    need_code: NeedCode
    importance: ZeroToTen
    own_words: Sentence | None = None


class CompleteAssessment(Strict):
    """Record what matters to the person; its needs replace the plan's."""

    needs: tuple[AssessedNeed, ...] = Field(max_length=20)
    strengths: Note | None = None
    notes: Note | None = None

    @field_validator("needs")
    @classmethod
    def _each_need_once(cls, needs: tuple[AssessedNeed, ...]) -> tuple[AssessedNeed, ...]:
        # min_length would also complain whenever the one need there is has a fault.
        if not needs:
            raise PydanticCustomError("no_need", "must name at least one need")
        if len({need.need_code for need in needs}) != len(needs):
            raise PydanticCustomError("repeated_need", "must name each need only once")
        return needs


class SetGoal(Strict):
    """Agree a goal. It is usually worked on from the same conversation, hence ``active``."""

    wording: Sentence
    need_code: NeedCode
    confidence: ZeroToTen
    lifecycle_status: Literal["proposed", "accepted", "active"] = "active"


class RecordProgress(Strict):
    """Say how near a goal is now."""

    achievement_status: GoalAchievement
    confidence: ZeroToTen | None = None
    note: Remark | None = None


class MoveGoal(Strict):
    """Take a goal to another lifecycle status."""

    lifecycle_status: GoalLifecycle
    note: Remark | None = None


class RecordMeasure(Strict):
    """Record an instrument's answers by item; the instrument says which items and values."""

    instrument: InstrumentName
    stage: Stage
    answers: dict[str, StrictInt] = Field(max_length=40)
