"""What a goal holds: the person's wording, its steps, and every change with its date."""

from __future__ import annotations

from pydantic import AwareDatetime

from services.outcomes.domain.words import StatedBy, Strict
from shared.errors import NotFound
from shared.events import GoalAchievement, GoalChangeCode, GoalLifecycle


class GoalChange(Strict):
    """One dated change of a goal: what changed, where it stood from then on, who said so.

    ``confidence`` is 0 to 10, where it was asked, ``stated_by`` whose judgement it is.
    ``wording`` is the goal's from then on, where it was set or reworded; ``step_id`` is the
    step that was added or completed.
    """

    id: str
    at: AwareDatetime
    by: str
    change: GoalChangeCode
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    confidence: int | None = None
    stated_by: StatedBy = "person"
    note: str | None = None
    wording: str | None = None
    step_id: str | None = None


class GoalStep(Strict):
    """A small thing on the way, with when it was done."""

    id: str
    wording: str
    added_at: AwareDatetime
    completed_at: AwareDatetime | None = None


class Goal(Strict):
    """Something the person wants, in their own words. ``changes`` has at least one entry."""

    id: str
    wording: str
    need_code: str
    steps: tuple[GoalStep, ...] = ()
    changes: tuple[GoalChange, ...]

    @property
    def lifecycle_status(self) -> GoalLifecycle:
        """Where the goal stands (FHIR Goal.lifecycleStatus)."""
        return self.changes[-1].lifecycle_status

    @property
    def achievement_status(self) -> GoalAchievement:
        """How near it is (FHIR Goal.achievementStatus)."""
        return self.changes[-1].achievement_status

    @property
    def confidence(self) -> int | None:
        """The confidence the person gave last."""
        return self._confidence("person")

    @property
    def worker_confidence(self) -> int | None:
        """The confidence a worker gave last."""
        return self._confidence("worker")

    def _confidence(self, by: StatedBy) -> int | None:
        given = (change for change in reversed(self.changes) if change.stated_by == by)
        return next((each.confidence for each in given if each.confidence is not None), None)

    def change(self, change_id: str) -> GoalChange:
        """The change with this id, or NotFound."""
        for change in self.changes:
            if change.id == change_id:
                return change
        raise NotFound("The goal has no such change.")

    def step(self, step_id: str) -> GoalStep:
        """The step with this id, or NotFound."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise NotFound("The goal has no such step.")
