"""What an assessment holds: needs, strengths, and what it said before it was put right."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from services.outcomes.domain.words import NeedGroup, Strict
from shared.events import AssessmentStage

AssessmentStatus = Literal["in-progress", "completed", "amended"]
"""FHIR R4 QuestionnaireResponse.status, as far as assessments use it."""


class Need(Strict):
    """A need, weighed once someone has asked the person.

    ``importance`` and ``readiness`` (to do something about it) are the person's own, each
    from 0 to 10; ``group`` is the directory's for the code, where the caller gave it.
    """

    need_code: str
    group: NeedGroup | None = None
    importance: int | None = None
    readiness: int | None = None
    own_words: str | None = None


class Strength(Strict):
    """Something the person has to build on, in their own words."""

    group: NeedGroup
    own_words: str


class Findings(Strict):
    """What was found together: all of an assessment that people wrote."""

    needs: tuple[Need, ...] = ()
    strengths: tuple[Strength, ...] = ()
    notes: str | None = None


class Superseded(Strict):
    """What a revision said before someone put it right: who did, when, and why."""

    id: str
    revision: int
    findings: Findings
    amended_at: AwareDatetime
    amended_by: str
    reason: str


class Assessment(Strict):
    """One look at the whole of a person's life; in-progress → completed → amended.

    ``revision`` counts from 1 with its completion; ``superseded`` holds each earlier one.
    ``started_from`` is the assessment whose findings it began with.
    """

    id: str
    stage: AssessmentStage
    status: AssessmentStatus
    findings: Findings
    started_at: AwareDatetime
    started_by: str
    started_from: str | None = None
    completed_at: AwareDatetime | None = None
    completed_by: str | None = None
    revision: int = 0
    superseded: tuple[Superseded, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it has been finished; it may have been put right since."""
        return self.status != "in-progress"
