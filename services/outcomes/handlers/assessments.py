"""Assessing together: at once, or begun, saved, completed and put right."""

from __future__ import annotations

from dataclasses import dataclass

from services.outcomes import domain
from services.outcomes.domain import (
    AmendAssessment,
    Assessment,
    CompleteAssessment,
    SaveAssessment,
    StartAssessment,
    SuggestedSearch,
)
from services.outcomes.handlers.changing import Added, change_plan
from services.outcomes.store import Stores
from shared.cause import Actor, Cause


@dataclass(frozen=True, slots=True)
class Amended:
    """The assessment put right, and the number its words have now."""

    added: Added
    revision: int


async def read_assessment(
    stores: Stores, case_id: str, assessment_id: str, actor: Actor
) -> tuple[Assessment, tuple[SuggestedSearch, ...]]:
    """An assessment with searches it suggests. Raises NotFound to all but the plan's team."""
    saved = await stores.plans.get(case_id, actor.tenant)
    domain.permit(saved.state, actor)
    assessment = saved.state.assessment(assessment_id)
    return assessment, domain.suggested_searches(assessment)


async def complete_assessment(
    stores: Stores,
    case_id: str,
    command: CompleteAssessment,
    cause: Cause,
    *,
    if_match: int | None,
) -> Added:
    """Record a whole assessment at once."""
    assessment_id = cause.make_id("assessment")
    saved = await change_plan(
        stores,
        case_id,
        lambda plan: domain.complete_assessment(plan, command, assessment_id, cause),
        cause,
        if_match,
    )
    return Added(assessment_id, case_id, saved.version)


async def start_assessment(
    stores: Stores, case_id: str, command: StartAssessment, cause: Cause, *, if_match: int | None
) -> Added:
    """Begin an assessment from the last one."""
    assessment_id = cause.make_id("assessment")
    saved = await change_plan(
        stores,
        case_id,
        lambda plan: domain.start_assessment(plan, command, assessment_id, cause),
        cause,
        if_match,
    )
    return Added(assessment_id, case_id, saved.version)


async def save_assessment(
    stores: Stores,
    case_id: str,
    assessment_id: str,
    command: SaveAssessment,
    cause: Cause,
    *,
    if_match: int | None,
) -> Added:
    """Keep what has been found so far."""
    saved = await change_plan(
        stores,
        case_id,
        lambda plan: domain.save_assessment(plan, assessment_id, command),
        cause,
        if_match,
    )
    return Added(assessment_id, case_id, saved.version)


async def finish_assessment(
    stores: Stores, case_id: str, assessment_id: str, cause: Cause, *, if_match: int | None
) -> Added:
    """Complete an assessment under way."""
    saved = await change_plan(
        stores,
        case_id,
        lambda plan: domain.finish_assessment(plan, assessment_id, cause),
        cause,
        if_match,
    )
    return Added(assessment_id, case_id, saved.version)


async def amend_assessment(
    stores: Stores,
    case_id: str,
    assessment_id: str,
    command: AmendAssessment,
    cause: Cause,
    *,
    if_match: int | None,
) -> Amended:
    """Put a completed assessment right."""
    amendment_id = cause.make_id("amendment")
    saved = await change_plan(
        stores,
        case_id,
        lambda plan: domain.amend_assessment(plan, assessment_id, command, amendment_id, cause),
        cause,
        if_match,
    )
    (before,) = (
        each for each in saved.state.assessment(assessment_id).superseded if each.id == amendment_id
    )
    return Amended(Added(assessment_id, case_id, saved.version), before.revision + 1)
