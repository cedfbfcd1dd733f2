"""Problems that people report with a listing: coded, seen to by its provider or a curator.

What they write stays in the record; the fact that is told names the code alone.
"""

from __future__ import annotations

from services.directory.domain.facts import Changed, said
from services.directory.domain.record import Problem, ProblemCode, ResolutionCode, Service
from shared.cause import Cause
from shared.errors import Conflict, NotFound
from shared.events import ServiceProblemReported

MOST_OPEN = 50
"""Open problems one service may have: by then someone has been told often enough."""

RESOLVED_KEPT = 50
"""How many problems that were seen to stay readable, the latest ones."""


def report(
    service: Service, problem_id: str, problem_code: ProblemCode, text: str | None, cause: Cause
) -> Changed:
    """Note the problem. The same person's same problem, while it is open, is noted once.

    Raises Conflict where too many are open already.
    """
    if reported(service, problem_id, problem_code, cause) is not None:
        return service, ()
    if service.open_problems >= MOST_OPEN:
        raise Conflict(
            "So many problems are open already that one more would not help.",
            {"open_problems": service.open_problems, "allowed": ["resolve some of them first"]},
        )
    problem = Problem(
        id=problem_id,
        problem_code=problem_code,
        text=text,
        reported_at=cause.at,
        reported_by=cause.actor.subject,
        reporter_organisation_id=cause.actor.organisation,
    )
    noted = service.model_copy(update={"problems": (*service.problems, problem)})
    fact = ServiceProblemReported(
        **said(service, cause), problem_id=problem_id, problem_code=problem_code
    )
    return noted, [fact]


def reported(
    service: Service, problem_id: str, problem_code: ProblemCode, cause: Cause
) -> Problem | None:
    """The problem as it was noted, under this id or by the same person while still open."""
    for problem in service.problems:
        if problem.id == problem_id:
            return problem
    for problem in service.problems:
        same = (problem.reported_by, problem.problem_code) == (cause.actor.subject, problem_code)
        if problem.is_open and same:
            return problem
    return None


def resolve(
    service: Service, problem_id: str, resolution_code: ResolutionCode, cause: Cause
) -> Changed:
    """The problem was seen to. Raises NotFound, or Conflict where it was before."""
    known = {problem.id: problem for problem in service.problems}
    if problem_id not in known:
        raise NotFound("There is no such record.")
    if not known[problem_id].is_open:
        raise Conflict(
            "The problem was seen to already.", {"current_status": "resolved", "allowed": []}
        )
    resolved = known[problem_id].model_copy(
        update={"resolved_at": cause.at, "resolution_code": resolution_code}
    )
    problems = tuple((known | {problem_id: resolved}).values())
    return service.model_copy(update={"problems": _bounded(problems)}), ()


def _bounded(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    resolved = [problem for problem in problems if problem.resolved_at is not None]
    latest = sorted(resolved, key=lambda problem: (problem.resolved_at, problem.id))
    dropped = {problem.id for problem in latest[:-RESOLVED_KEPT]}
    return tuple(problem for problem in problems if problem.id not in dropped)
