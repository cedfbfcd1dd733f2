"""Teams and their workers, worklists and a tenant's own times, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from services.referral import handlers
from services.referral.api.access import Changing, Kept, answer
from services.referral.api.fields import Id, Inbound, example
from services.referral.api.views import Receipt
from services.referral.domain.caseload import Worker
from services.referral.domain.consequences import go_on
from services.referral.domain.lifecycle import Status
from services.referral.domain.rules import Rules
from services.referral.domain.worklist import RESTRICTED, WORDS, Todo, review_waiting
from shared.events import ReferralKind
from shared.web import Acting, CauseOf, IfMatch, JsonBody, etag

router = APIRouter(tags=["caseload"])


class WorkerStated(Inbound):
    """A worker: how many open cases at most, and whether they take new ones."""

    model_config = example(limit=40, active=True)

    limit: Annotated[int, Field(ge=0, le=1000)]
    active: bool = True


class WorkerView(BaseModel):
    """A worker, with how many open cases are theirs now."""

    worker_id: str
    limit: int
    active: bool
    open_cases: int


class TeamView(BaseModel):
    """An organisation's workers."""

    organisation_id: str
    workers: list[WorkerView]


class TeamReceipt(BaseModel):
    """The answer to a change of a team."""

    version: int


class HandoverView(BaseModel):
    """Which cases went to whom, by referral id, and which nobody had room for."""

    given: dict[str, str]
    left: list[str]


class TodoView(BaseModel):
    """One thing to do; `code` is what, `words` the same for people.

    `restricted` says only that there is something, on a record that others are named on.
    """

    code: str
    words: str
    since: datetime | None
    referral_id: str
    case_id: str
    kind: ReferralKind
    status: Status
    priority: Literal["routine", "urgent"] | None
    service_id: str
    assigned_to: str | None


class Worklist(BaseModel):
    """What is to be done, the most pressing first."""

    items: list[TodoView]


@router.get("/teams/{organisation_id}", response_model=TeamView)
async def read_team(organisation_id: Id, actor: Acting, stores: Kept) -> TeamView:
    """Read your team.

    Its workers, their limits and how many open cases each has.
    """
    team, loads = await handlers.team_of(stores, organisation_id, actor)
    return TeamView(
        organisation_id=organisation_id,
        workers=[
            WorkerView(worker_id=subject, open_cases=loads.get(subject, 0), **dict(worker))
            for subject, worker in sorted(team.workers.items())
        ],
    )


@router.put(
    "/teams/{organisation_id}/workers/{worker_id}",
    response_model=TeamReceipt,
)
async def put_worker(
    organisation_id: Id,
    worker_id: Id,
    body: Annotated[WorkerStated, JsonBody(WorkerStated)],
    cause: CauseOf,
    stores: Kept,
) -> Response:
    """State a worker of your team.

    From then on cases are shared out, least loaded first. Set `active` to false when someone
    leaves, then hand their cases over.
    """
    worker = Worker(limit=body.limit, active=body.active)
    saved = await handlers.put_worker(stores, organisation_id, worker_id, worker, cause)
    return answer(TeamReceipt(version=saved.version))


@router.post(
    "/teams/{organisation_id}/workers/{worker_id}/hand-over",
    response_model=HandoverView,
)
async def hand_over(
    organisation_id: Id, worker_id: Id, cause: CauseOf, stores: Kept
) -> HandoverView:
    """Hand a worker's open cases over.

    All cases of a worker who is no longer active go to the others. `left` names the cases nobody
    had room for, or whose record is restricted to others: they stay where they are, and on the
    worklist.
    """
    done = await handlers.hand_over(stores, organisation_id, worker_id, cause)
    return HandoverView(given=dict(done.given), left=list(done.left))


@router.get("/worklist", response_model=Worklist)
async def read_worklist(
    request: Request,
    actor: Acting,
    stores: Kept,
    *,
    worker: Annotated[
        Id | None,
        Query(description="Only what this worker or nobody looks after; `me` is you."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Worklist:
    """List what is to be done today.

    Your organisation's work, the most pressing first. Answers that are late, referrals that need
    another service, questions, closings to confirm, attendance to record, appointments today, first
    contacts, reviews, follow-ups. Of a record restricted to others it says only, at the end, that
    something is to be done.
    """
    found = await handlers.todo(
        stores,
        actor,
        request.app.state.clock.now(),
        worker=actor.subject if worker == "me" else worker,
        limit=limit,
    )
    return Worklist(items=[_view(item) for item in found])


@router.post("/referrals/{referral_id}/go-on", response_model=Receipt)
async def keep_open(change: Changing) -> Response:
    """Go on although closing was proposed.

    The referral stays open. 409 where nothing was proposed or flagged.
    """
    return answer(Receipt.of(await change.by(go_on)))


@router.post("/referrals/{referral_id}/review", response_model=Receipt)
async def review(change: Changing) -> Response:
    """Say that a place on the waiting list stands.

    As the provider: you looked at it. As whoever referred: you asked whether another service would
    suit, and the person goes on waiting; where one would, `reroute`. 409 where the person does not
    wait.
    """
    return answer(Receipt.of(await change.by(review_waiting)))


@router.get("/rules", response_model=Rules)
async def read_rules(actor: Acting, stores: Kept, response: Response) -> Rules:
    """Read the times and limits you work by.

    Those of your integrated care board.
    """
    version, rules = await handlers.rules_of(stores, actor)
    response.headers["ETag"] = etag(version)
    return rules


@router.put("/rules", response_model=TeamReceipt)
async def put_rules(
    body: Annotated[Rules, JsonBody(Rules)], cause: CauseOf, if_match: IfMatch, stores: Kept
) -> Response:
    """State times and limits of your own.

    What you leave out is the default. Running clocks go by them from the referral's next change.
    """
    saved = await handlers.put_rules(stores, body, cause, if_match=if_match)
    return answer(TeamReceipt(version=saved.version))


def _view(item: handlers.Item) -> TodoView:
    referral, task = item.saved.state, item.task
    sealed = task is None or task.todo is Todo.REVIEW_ACCESS
    return TodoView(
        code="restricted" if task is None else task.todo.code,
        words=RESTRICTED if task is None else WORDS[task.todo],
        since=None if task is None else task.since,
        referral_id=referral.id,
        case_id=referral.case_id,
        kind=referral.kind,
        status=referral.status,
        priority=None if sealed else referral.priority,
        service_id=referral.service_id,
        assigned_to=None if sealed else referral.assigned_to,
    )
