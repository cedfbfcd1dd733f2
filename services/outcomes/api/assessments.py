"""Assessing what matters to the person, and putting it right."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from services.outcomes import handlers
from services.outcomes.api.answers import AssessmentReceipt, Kept, created, done
from services.outcomes.api.models import AssessmentView
from services.outcomes.domain import (
    AmendAssessment,
    CompleteAssessment,
    SaveAssessment,
    StartAssessment,
)
from shared.web import Acting, CauseOf, IfMatch, JsonBody

router = APIRouter(tags=["assessments"], prefix="/plans/{case_id}/assessments")


@router.post("", status_code=201, response_model=AssessmentReceipt)
async def complete_assessment(
    case_id: str,
    body: Annotated[CompleteAssessment, JsonBody(CompleteAssessment)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Record a whole assessment.

    Its needs replace the plan's. 409 while another is under way, where there is a baseline already,
    and on a closed plan unless it is the final one. 422 naming each wrong field.
    """
    added = await handlers.complete_assessment(stores, case_id, body, cause, if_match=if_match)
    return created(AssessmentReceipt.completed(added), f"/assessments/{added.id}")


@router.post("/start", status_code=201, response_model=AssessmentReceipt)
async def start_assessment(
    case_id: str,
    body: Annotated[StartAssessment, JsonBody(StartAssessment)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Begin an assessment.

    To fill in over time; a review starts with what was found last. 409 as for recording one at
    once.
    """
    added = await handlers.start_assessment(stores, case_id, body, cause, if_match=if_match)
    return created(AssessmentReceipt.under_way(added), f"/assessments/{added.id}")


@router.get("/{assessment_id}")
async def read_assessment(
    case_id: str, assessment_id: str, actor: Acting, stores: Kept
) -> AssessmentView:
    """Read an assessment and its suggested searches.

    With its earlier revisions, and searches to look for what it found. Each of `suggested_searches`
    has a `body` for the directory's `POST /matches`, as it is or with `place`, `age`, `languages`
    and the like added. 404 where the plan has no such assessment.
    """
    assessment, searches = await handlers.read_assessment(stores, case_id, assessment_id, actor)
    return AssessmentView.showing(assessment, searches)


@router.put("/{assessment_id}", response_model=AssessmentReceipt)
async def save_assessment(
    case_id: str,
    assessment_id: str,
    *,
    body: Annotated[SaveAssessment, JsonBody(SaveAssessment)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Save an assessment under way.

    What has been found so far is kept. 409 once it is complete.
    """
    added = await handlers.save_assessment(
        stores, case_id, assessment_id, body, cause, if_match=if_match
    )
    return done(AssessmentReceipt.under_way(added))


@router.post("/{assessment_id}/complete", response_model=AssessmentReceipt)
async def finish_assessment(
    case_id: str, assessment_id: str, *, cause: CauseOf, if_match: IfMatch, stores: Kept
) -> Response:
    """Complete an assessment.

    One under way; its needs become the plan's. 409 where it is complete, 422 while it names no
    need.
    """
    added = await handlers.finish_assessment(
        stores, case_id, assessment_id, cause, if_match=if_match
    )
    return done(AssessmentReceipt.completed(added))


@router.post("/{assessment_id}/amend", response_model=AssessmentReceipt)
async def amend_assessment(
    case_id: str,
    assessment_id: str,
    *,
    body: Annotated[AmendAssessment, JsonBody(AmendAssessment)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Put an assessment right.

    A completed one; what it said before is kept with who and why. 409 while it is still under way.
    """
    amended = await handlers.amend_assessment(
        stores, case_id, assessment_id, body, cause, if_match=if_match
    )
    return done(AssessmentReceipt.amended(amended))
