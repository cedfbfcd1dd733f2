"""Assessments: what matters to the person, and what they have to build on."""

from __future__ import annotations

from services.outcomes.domain.commands import CompleteAssessment
from services.outcomes.domain.plan import Assessment, Changed, Need, Plan
from services.outcomes.domain.stating import common_of, refuse_beyond, refuse_if_closed
from shared.cause import Cause
from shared.events import AssessmentCompleted

LIMIT = 30
"""Assessments a plan holds."""


def complete_assessment(
    plan: Plan, command: CompleteAssessment, assessment_id: str, cause: Cause
) -> Changed:
    """Add the assessment; its needs become the plan's. Raises Conflict on a closed plan."""
    if any(assessment.id == assessment_id for assessment in plan.assessments):
        return plan, ()
    refuse_if_closed(plan)
    refuse_beyond(LIMIT, len(plan.assessments), "assessments")
    needs = tuple(Need(**need.model_dump()) for need in command.needs)
    assessment = Assessment(
        id=assessment_id,
        needs=needs,
        strengths=command.strengths,
        notes=command.notes,
        completed_at=cause.at,
        completed_by=cause.actor.subject,
    )
    done = AssessmentCompleted(
        **common_of(plan, cause),
        assessment_id=assessment_id,
        need_codes=tuple(need.need_code for need in needs),
    )
    changed = plan.model_copy(
        update={"needs": needs, "assessments": (*plan.assessments, assessment)}
    )
    return changed, (done,)
