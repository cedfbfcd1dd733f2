"""Routes of problems with a listing: reporting, listing and resolving them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.directory import handlers
from services.directory.api.models import Receipt
from services.directory.api.services import Held
from services.directory.domain import Id, Problem, ProblemCode, ResolutionCode
from shared.web import Acting, CauseOf, IfMatch, JsonBody, etag

router = APIRouter(tags=["freshness"])


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class ReportProblem(BaseModel):
    """What is wrong with a listing. ``text`` is read by the provider and curators alone."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"problem_code": "wrong_times", "text": "They meet on Thursdays now, not Tuesdays."}
            ]
        },
    )

    problem_code: ProblemCode
    text: _Text | None = Field(
        None, description="In your own words; never about the person you help."
    )


class ProblemReceipt(BaseModel):
    """The problem as it was noted."""

    id: str
    service_id: str
    version: int


class ResolveProblem(BaseModel):
    """What came of looking into a problem."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"resolution_code": "corrected"}]},
    )

    resolution_code: ResolutionCode


class ProblemView(BaseModel):
    """A problem, without who reported it; only from which organisation."""

    id: str
    problem_code: ProblemCode
    text: str | None
    status: Literal["open", "resolved"]
    reported_at: AwareDatetime
    reporter_organisation_id: str
    resolved_at: AwareDatetime | None
    resolution_code: ResolutionCode | None


class ProblemList(BaseModel):
    """The problems of one service, the latest first."""

    items: tuple[ProblemView, ...]


@router.post(
    "/services/{service_id}/problems",
    status_code=201,
)
async def report_problem(
    *,
    service_id: Id,
    body: Annotated[ReportProblem, JsonBody(ReportProblem)],
    cause: CauseOf,
    stores: Held,
    response: Response,
) -> ProblemReceipt:
    """Report a problem with a listing.

    Until it is seen to, the service is found further down, and staff see why. The same problem
    reported again by the same person while it is open is one problem. 404 where there is no such
    service, 409 where fifty problems are open. Publishes `service-problem-reported`.
    """
    noted = await handlers.report_problem(stores, service_id, body.problem_code, body.text, cause)
    response.headers["ETag"] = etag(noted.saved.version)
    return ProblemReceipt(id=noted.problem_id, service_id=service_id, version=noted.saved.version)


@router.get(
    "/services/{service_id}/problems",
)
async def list_problems(
    service_id: Id, actor: Acting, stores: Held, status: Literal["open", "resolved"] | None = None
) -> ProblemList:
    """List the problems of a listing.

    For curators, and the service's own provider; of those seen to, the latest fifty. 404 where the
    service is not the provider's.
    """
    is_open = None if status is None else status == "open"
    found = await handlers.list_problems(stores, service_id, actor, is_open=is_open)
    return ProblemList(items=tuple(_view(problem) for problem in found))


@router.post(
    "/services/{service_id}/problems/{problem_id}/resolve",
)
async def resolve_problem(
    *,
    service_id: Id,
    problem_id: Id,
    body: Annotated[ResolveProblem, JsonBody(ResolveProblem)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Held,
    response: Response,
) -> Receipt:
    """Say that a problem was seen to.

    The listing itself is corrected by `PUT /services/{id}`; this closes the report. 404 where there
    is no such problem or the service is not the provider's, 409 where it was seen to before.
    """
    saved = await handlers.resolve_problem(
        stores,
        service_id=service_id,
        problem_id=problem_id,
        resolution_code=body.resolution_code,
        cause=cause,
        if_match=if_match,
    )
    response.headers["ETag"] = etag(saved.version)
    return Receipt(
        id=service_id, version=saved.version, status=saved.receipt["status"], outcome="changed"
    )


def _view(problem: Problem) -> ProblemView:
    return ProblemView(
        id=problem.id,
        problem_code=problem.problem_code,
        text=problem.text,
        status="open" if problem.is_open else "resolved",
        reported_at=problem.reported_at,
        reporter_organisation_id=problem.reporter_organisation_id,
        resolved_at=problem.resolved_at,
        resolution_code=problem.resolution_code,
    )
