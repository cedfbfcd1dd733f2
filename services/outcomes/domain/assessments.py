"""Assessments: what matters to the person, and what they have to build on.

An assessment is in-progress → completed → amended, at a stage: baseline, review or final. A
later one starts from the last. What a revision said before it was put right is kept.
"""

from __future__ import annotations

from services.outcomes.domain.assessment import (
    Assessment,
    Findings,
    Need,
    Strength,
    Superseded,
)
from services.outcomes.domain.commands import (
    AmendAssessment,
    CompleteAssessment,
    SaveAssessment,
    StartAssessment,
)
from services.outcomes.domain.plan import Changed, Plan
from services.outcomes.domain.stating import common_of, refuse_beyond, refuse_if_closed
from services.outcomes.domain.words import Stage
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid
from shared.events import AssessmentAmended, AssessmentCompleted

LIMIT = 20
"""Assessments a plan holds."""

REVISION_LIMIT = 30
"""Superseded revisions all assessments of a plan hold together."""


def complete_assessment(
    plan: Plan, command: CompleteAssessment, assessment_id: str, cause: Cause
) -> Changed:
    """Add a whole assessment; its needs become the plan's. Raises Conflict, as ``start`` does."""
    if any(assessment.id == assessment_id for assessment in plan.assessments):
        return plan, ()
    begun = _begun(plan, command.stage, assessment_id, cause)
    whole = begun.model_copy(update={"findings": _findings(command), "started_from": None})
    return _completed(plan, whole, cause)


def start_assessment(
    plan: Plan, command: StartAssessment, assessment_id: str, cause: Cause
) -> Changed:
    """Begin an assessment with what the last one found.

    Raises Conflict where one is under way, where there is a baseline already, and on a
    closed plan unless it is the final one.
    """
    if any(assessment.id == assessment_id for assessment in plan.assessments):
        return plan, ()
    begun = _begun(plan, command.stage, assessment_id, cause)
    return plan.model_copy(update={"assessments": (*plan.assessments, begun)}), ()


def save_assessment(plan: Plan, assessment_id: str, command: SaveAssessment) -> Changed:
    """Keep what has been found so far. Raises NotFound, and Conflict once it is complete."""
    assessment = plan.assessment(assessment_id)
    _require(assessment, complete=False, allowed="amend")
    return _with(plan, assessment.model_copy(update={"findings": _findings(command)})), ()


def finish_assessment(plan: Plan, assessment_id: str, cause: Cause) -> Changed:
    """Complete an assessment under way; its needs become the plan's.

    Raises NotFound, Conflict where it is complete, Invalid while it names no need.
    """
    assessment = plan.assessment(assessment_id)
    _require(assessment, complete=False, allowed="amend")
    if not assessment.findings.needs:
        raise Invalid(
            "The assessment names no need yet.",
            errors=(FieldError("/needs", "must name at least one need before it is completed"),),
        )
    return _completed(plan, assessment, cause)


def amend_assessment(
    plan: Plan, assessment_id: str, command: AmendAssessment, amendment_id: str, cause: Cause
) -> Changed:
    """Put a completed assessment right; the plan's needs follow if it is the latest.

    Raises NotFound, and Conflict while it is still under way.
    """
    assessment = plan.assessment(assessment_id)
    if any(each.id == amendment_id for each in assessment.superseded):
        return plan, ()
    _require(assessment, complete=True, allowed="save")
    held = sum(len(each.superseded) for each in plan.assessments)
    refuse_beyond(REVISION_LIMIT, held, "earlier revisions")
    before = Superseded(
        id=amendment_id,
        revision=assessment.revision,
        findings=assessment.findings,
        amended_at=cause.at,
        amended_by=cause.actor.subject,
        reason=command.reason,
    )
    amended = assessment.model_copy(
        update={
            "status": "amended",
            "findings": _findings(command),
            "revision": assessment.revision + 1,
            "superseded": (*assessment.superseded, before),
        }
    )
    event = AssessmentAmended(
        **common_of(plan, cause),
        assessment_id=assessment.id,
        need_codes=_codes(amended),
        stage=amended.stage,
        revision=amended.revision,
    )
    return _followed(_with(plan, amended)), (event,)


def _begun(plan: Plan, stage: Stage | None, assessment_id: str, cause: Cause) -> Assessment:
    under_way = next((each for each in plan.assessments if not each.complete), None)
    if under_way is not None:
        raise Conflict(
            "An assessment is under way; complete it first.",
            {"assessment_id": under_way.id, "allowed": ["save", "complete"]},
        )
    baseline = next((each for each in plan.assessments if each.stage == "baseline"), None)
    stage = stage or ("baseline" if baseline is None else "review")
    if baseline is not None and stage == "baseline":
        raise Conflict(
            "The plan has its baseline assessment; amend that one, or review it.",
            {"assessment_id": baseline.id, "allowed": ["review", "final"]},
        )
    if stage != "final":
        refuse_if_closed(plan)
    refuse_beyond(LIMIT, len(plan.assessments), "assessments")
    last = plan.assessments[-1] if plan.assessments else None
    return Assessment(
        id=assessment_id,
        stage=stage,
        status="in-progress",
        findings=Findings() if last is None else last.findings,
        started_at=cause.at,
        started_by=cause.actor.subject,
        started_from=None if last is None else last.id,
    )


def _completed(plan: Plan, assessment: Assessment, cause: Cause) -> Changed:
    done = assessment.model_copy(
        update={
            "status": "completed",
            "completed_at": cause.at,
            "completed_by": cause.actor.subject,
            "revision": 1,
        }
    )
    event = AssessmentCompleted(
        **common_of(plan, cause),
        assessment_id=done.id,
        need_codes=_codes(done),
        stage=done.stage,
        revision=done.revision,
    )
    return _followed(_with(plan, done)), (event,)


def _with(plan: Plan, assessment: Assessment) -> Plan:
    others = [each for each in plan.assessments if each.id != assessment.id]
    if len(others) == len(plan.assessments):
        return plan.model_copy(update={"assessments": (*others, assessment)})
    assessments = tuple(
        assessment if each.id == assessment.id else each for each in plan.assessments
    )
    return plan.model_copy(update={"assessments": assessments})


def _followed(plan: Plan) -> Plan:
    """The plan's needs are those of its latest complete assessment."""
    latest = [each for each in plan.assessments if each.complete][-1]
    return plan.model_copy(update={"needs": latest.findings.needs})


def _require(assessment: Assessment, *, complete: bool, allowed: str) -> None:
    if assessment.complete != complete:
        raise Conflict(
            f"The assessment is {assessment.status}.",
            {"current_status": assessment.status, "allowed": [allowed]},
        )


def _findings(command: CompleteAssessment | SaveAssessment | AmendAssessment) -> Findings:
    return Findings(
        needs=tuple(Need(**need.model_dump()) for need in command.needs),
        strengths=tuple(Strength(**strength.model_dump()) for strength in command.strengths),
        notes=command.notes,
    )


def _codes(assessment: Assessment) -> tuple[str, ...]:
    return tuple(need.need_code for need in assessment.findings.needs)
