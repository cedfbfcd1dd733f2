"""The use cases of outcomes, called by the API and by the consumers alike."""

from __future__ import annotations

from dataclasses import dataclass

from services.outcomes import domain
from services.outcomes.domain import (
    Access,
    CompleteAssessment,
    GoalChange,
    MoveGoal,
    Plan,
    PlanStatus,
    RecordMeasure,
    RecordProgress,
    SetGoal,
)
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.events import AppointmentEvent, ReferralCreated, ReferralEvent
from shared.store import Change, Page, Saved


@dataclass(frozen=True, slots=True)
class Added:
    """What a command added to a plan: its own id, and the plan's version then."""

    id: str
    case_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """The goal a command set or moved, with the step that was taken."""

    goal_id: str
    case_id: str
    version: int
    step: GoalChange


# Facts heard


async def open_plan(stores: Stores, event: ReferralCreated, cause: Cause) -> Saved[Plan]:
    """An intake opens the plan of its case."""
    return await stores.plans.insert(event.case_id, domain.open_plan(event), (), cause)


async def note_referral(stores: Stores, event: ReferralEvent, cause: Cause) -> Saved[Plan]:
    """Where a referral of the case stands. Raises NotFound before the case's intake was heard."""
    return await _note(stores, event, lambda plan: (domain.note_referral(plan, event), ()), cause)


async def note_appointment(stores: Stores, event: AppointmentEvent, cause: Cause) -> Saved[Plan]:
    """What became of a contact. Raises NotFound before the case's intake was heard."""
    return await _note(
        stores, event, lambda plan: (domain.note_appointment(plan, event), ()), cause
    )


async def _note(
    stores: Stores, event: ReferralEvent, change: Change[Plan], cause: Cause
) -> Saved[Plan]:
    # Hearing a fact again changes nothing by itself, so its cause need not be remembered.
    return await stores.plans.update(event.case_id, change, cause, remember=False)


# Looking


async def read_plan(stores: Stores, case_id: str, actor: Actor) -> tuple[Saved[Plan], Access]:
    """The plan and how much of it the actor may see. Raises NotFound where that is nothing."""
    saved = await stores.plans.get(case_id, actor.tenant)
    return saved, domain.access_of(saved.state, actor)


async def caseload(
    stores: Stores,
    actor: Actor,
    status: PlanStatus | None,
    *,
    limit: int,
    cursor: str | None,
) -> Page[Plan]:
    """The plans of the actor's own team, newest first; without a status, all."""
    statuses: tuple[PlanStatus, ...] = ("open", "closed") if status is None else (status,)
    return await stores.plans.of_team(
        actor.organisation, actor.tenant, statuses, limit=limit, cursor=cursor
    )


# Working with the person


async def complete_assessment(
    stores: Stores,
    case_id: str,
    command: CompleteAssessment,
    cause: Cause,
    *,
    if_match: int | None,
) -> Added:
    """Record what matters to the person."""
    assessment_id = cause.make_id("assessment")
    saved = await _change(
        stores,
        case_id,
        lambda plan: domain.complete_assessment(plan, command, assessment_id, cause),
        cause,
        if_match,
    )
    return Added(assessment_id, case_id, saved.version)


async def set_goal(
    stores: Stores, case_id: str, command: SetGoal, cause: Cause, *, if_match: int | None
) -> Stepped:
    """Agree a goal."""
    goal_id, step_id = cause.make_id("goal"), cause.make_id("step")
    saved = await _change(
        stores,
        case_id,
        lambda plan: domain.set_goal(plan, command, goal_id, step_id, cause),
        cause,
        if_match,
    )
    return _stepped(saved, goal_id, step_id)


async def record_progress(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: RecordProgress,
    cause: Cause,
    *,
    if_match: int | None,
) -> Stepped:
    """Say how near a goal is."""
    step_id = cause.make_id("step")
    saved = await _change(
        stores,
        case_id,
        lambda plan: domain.record_progress(plan, goal_id, command, step_id, cause),
        cause,
        if_match,
    )
    return _stepped(saved, goal_id, step_id)


async def move_goal(
    stores: Stores,
    case_id: str,
    goal_id: str,
    command: MoveGoal,
    cause: Cause,
    *,
    if_match: int | None,
) -> Stepped:
    """Take a goal to another lifecycle status."""
    step_id = cause.make_id("step")
    saved = await _change(
        stores,
        case_id,
        lambda plan: domain.move_goal(plan, goal_id, command, step_id, cause),
        cause,
        if_match,
    )
    return _stepped(saved, goal_id, step_id)


async def record_measure(
    stores: Stores, case_id: str, command: RecordMeasure, cause: Cause, *, if_match: int | None
) -> Added:
    """Record the answers to an instrument."""
    measure_id = cause.make_id("measure")
    saved = await _change(
        stores,
        case_id,
        lambda plan: domain.record_measure(plan, command, measure_id, cause),
        cause,
        if_match,
    )
    return Added(measure_id, case_id, saved.version)


async def _change(
    stores: Stores, case_id: str, change: Change[Plan], cause: Cause, if_match: int | None
) -> Saved[Plan]:
    """Apply a change the plan's team asks for; to anyone else there is no such plan."""

    def by_team(plan: Plan) -> domain.Changed:
        domain.require_team(plan, cause.actor)
        return change(plan)

    if if_match is not None:
        # The store compares versions first: 412 would tell a stranger that the plan exists.
        saved = await stores.plans.get(case_id, cause.actor.tenant)
        domain.require_team(saved.state, cause.actor)
    return await stores.plans.update(case_id, by_team, cause, if_match=if_match)


def _stepped(saved: Saved[Plan], goal_id: str, step_id: str) -> Stepped:
    step = saved.state.goal(goal_id).change(step_id)
    return Stepped(goal_id, saved.id, saved.version, step)
