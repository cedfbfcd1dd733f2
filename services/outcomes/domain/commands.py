"""What a link worker may ask for. Each field says what it takes; wrong ones are named."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, StrictInt, field_validator
from pydantic_core import PydanticCustomError

from services.outcomes.domain.words import (
    ItemId,
    NeedCode,
    NeedGroup,
    Note,
    Remark,
    Sentence,
    Stage,
    StatedBy,
    Strict,
    ZeroToTen,
)
from shared.events import GoalAchievement, GoalLifecycle


def _example(**said: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [said]})


class AssessedNeed(Strict):
    """A need, how much it matters to the person, how ready they feel, and how they put it.

    Importance and readiness are the person's own, 0 to 10. Codes and their groups are those
    of the directory's GET /needs.
    """

    need_code: NeedCode
    group: NeedGroup | None = None
    importance: ZeroToTen
    readiness: ZeroToTen | None = None
    own_words: Sentence | None = None


class StatedStrength(Strict):
    """Something the person has to build on, in their own words."""

    group: NeedGroup
    own_words: Sentence


_NEED = {
    "need_code": "loneliness",
    "group": "social_connection",
    "importance": 9,
    "readiness": 6,
    "own_words": "The evenings are long",
}
_FOUND = {
    "needs": [_NEED],
    "strengths": [{"group": "practical_support", "own_words": "I know everyone on our street"}],
    "notes": "Prefers mornings",
}


class _Found(Strict):
    needs: tuple[AssessedNeed, ...] = Field(max_length=20)
    strengths: tuple[StatedStrength, ...] = Field((), max_length=20)
    notes: Note | None = None

    @field_validator("needs")
    @classmethod
    def _each_need_once(cls, needs: tuple[AssessedNeed, ...]) -> tuple[AssessedNeed, ...]:
        if len({need.need_code for need in needs}) != len(needs):
            raise PydanticCustomError("repeated_need", "must name each need only once")
        return needs


class _FoundWhole(_Found):
    @field_validator("needs")
    @classmethod
    def _some_need(cls, needs: tuple[AssessedNeed, ...]) -> tuple[AssessedNeed, ...]:
        # min_length would also complain whenever the one need there is has a fault.
        if not needs:
            raise PydanticCustomError("no_need", "must name at least one need")
        return needs


class CompleteAssessment(_FoundWhole):
    """Record a whole assessment at once; its needs replace the plan's.

    Without a stage it is the baseline where there is none yet, else a review.
    """

    model_config = _example(stage="baseline", **_FOUND)

    stage: Stage | None = None


class StartAssessment(Strict):
    """Begin an assessment that is filled in over time; a later one starts from the last."""

    model_config = _example(stage="review")

    stage: Stage | None = None


class SaveAssessment(_Found):
    """Keep what has been found so far in an assessment under way, in place of what was kept."""

    model_config = _example(**_FOUND)


class AmendAssessment(_FoundWhole):
    """Put a completed assessment right, in whole; what it said before is kept."""

    model_config = _example(reason="The person corrected their answer", **_FOUND)

    reason: Remark


class SetGoal(Strict):
    """Agree a goal. It is usually worked on from the same conversation, hence ``active``."""

    model_config = _example(wording="Dance again", need_code="loneliness", confidence=5)

    wording: Sentence
    need_code: NeedCode
    confidence: ZeroToTen
    stated_by: StatedBy = "person"
    lifecycle_status: Literal["proposed", "accepted", "active"] = "active"
    steps: tuple[Sentence, ...] = Field((), max_length=20)


class RewordGoal(Strict):
    """Say the goal anew, in the person's own words; the words before are kept."""

    model_config = _example(wording="Dance every Thursday")

    wording: Sentence
    note: Remark | None = None


class AddStep(Strict):
    """Add a small thing on the way to the goal."""

    model_config = _example(wording="Ask my sister to come along")

    wording: Sentence


class StateConfidence(Strict):
    """How sure the person, or the worker, is that the goal will be reached: 0 to 10."""

    model_config = _example(confidence=7, stated_by="person")

    confidence: ZeroToTen
    stated_by: StatedBy = "person"
    note: Remark | None = None


class RecordProgress(Strict):
    """Say how near a goal is now."""

    model_config = _example(achievement_status="improving", confidence=7, note="Went twice")

    achievement_status: GoalAchievement
    confidence: ZeroToTen | None = None
    stated_by: StatedBy = "person"
    note: Remark | None = None


class MoveGoal(Strict):
    """Take a goal to another lifecycle status."""

    model_config = _example(lifecycle_status="on-hold", note="In hospital")

    lifecycle_status: GoalLifecycle
    note: Remark | None = None


class RecordMeasure(Strict):
    """Record an instrument's answers by item; the instrument says which items and values.

    Without a version the newest installed is meant. ``concerns`` holds the person's own
    words for items they name themselves.
    """

    model_config = _example(
        instrument="ons4",
        stage="baseline",
        answers={"life_satisfaction": 4, "worthwhile": 5, "happiness": 6, "anxiety": 7},
    )

    instrument: ItemId
    version: str | None = Field(None, max_length=40)
    stage: Stage
    answers: dict[str, StrictInt] = Field(max_length=40)
    concerns: dict[str, Sentence] = Field({}, max_length=5)


class RecordGpContacts(Strict):
    """Contacts with the practice in so many months before the case opened, and after.

    ``after`` may follow later; both are of the same number of months.
    """

    model_config = _example(before=9, after=4, months=6)

    before: int = Field(ge=0, le=1000, strict=True)
    after: int | None = Field(None, ge=0, le=1000, strict=True)
    months: int = Field(ge=1, le=24, strict=True)
