"""Problems reported with a listing, and seeing to them."""

from __future__ import annotations

from dataclasses import dataclass

from services.directory import domain
from services.directory.domain import Problem, ProblemCode, ResolutionCode, Service
from services.directory.store import Stores, key
from shared.cause import Actor, Cause
from shared.store import Saved


@dataclass(frozen=True, slots=True)
class Reported:
    """The problem's id, and the service it is noted in."""

    problem_id: str
    saved: Saved[Service]


async def report_problem(
    stores: Stores, service_id: str, problem_code: ProblemCode, text: str | None, cause: Cause
) -> Reported:
    """Someone says that the listing is wrong."""
    problem_id = cause.make_id("problem")
    saved = await stores.services.update(
        key(cause.actor.tenant, service_id),
        lambda service: domain.report(service, problem_id, problem_code, text, cause),
        cause,
    )
    known = domain.reported(saved.state, problem_id, problem_code, cause)
    return Reported(problem_id if known is None else known.id, saved)


async def resolve_problem(
    stores: Stores,
    *,
    service_id: str,
    problem_id: str,
    resolution_code: ResolutionCode,
    cause: Cause,
    if_match: int | None,
) -> Saved[Service]:
    """Whoever is responsible for the service says that the problem was seen to."""
    return await stores.services.update(
        key(cause.actor.tenant, service_id),
        lambda service: domain.resolve(service, problem_id, resolution_code, cause),
        cause,
        if_match=if_match,
        check=lambda service: domain.check_owner(service, cause.actor),
    )


async def list_problems(
    stores: Stores, service_id: str, actor: Actor, *, is_open: bool | None
) -> tuple[Problem, ...]:
    """The problems of a service, the latest first; raises NotFound for another's service."""
    saved = await stores.services.get(key(actor.tenant, service_id), actor.tenant)
    domain.check_owner(saved.state, actor)
    found = (each for each in saved.state.problems if is_open is None or each.is_open is is_open)
    return tuple(sorted(found, key=lambda each: (each.reported_at, each.id), reverse=True))
