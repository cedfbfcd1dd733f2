"""Sharing cases out among an organisation's workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from services.referral.domain import caseload
from services.referral.domain import referral as referrals
from services.referral.domain.access import permit_own
from services.referral.domain.caseload import Team, Worker
from services.referral.domain.lifecycle import Command, Status, after
from services.referral.domain.policy import ASSIGN
from services.referral.domain.referral import Referral
from services.referral.handlers.changing import change
from services.referral.store import Stores, team_key
from shared.cause import Actor, Cause
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.store import Saved


@dataclass(frozen=True, slots=True)
class Handover:
    """Which cases went to whom, and which stayed: nobody had room, or the record is restricted."""

    given: Mapping[str, str]
    left: tuple[str, ...]


async def team_of(
    stores: Stores, organisation_id: str, actor: Actor
) -> tuple[Team, Mapping[str, int]]:
    """The asker's own team, and how many open cases each worker has. Else NotFound."""
    permit_own(organisation_id, actor)
    team = await stores.teams.of(organisation_id, actor.tenant)
    return team, await stores.referrals.loads(organisation_id, actor.tenant)


async def put_worker(
    stores: Stores, organisation_id: str, subject: str, worker: Worker, cause: Cause
) -> Saved[Team]:
    """State a worker of one's own team, new or changed."""
    actor = cause.actor
    permit_own(organisation_id, actor)
    return await stores.teams.update(
        team_key(actor.tenant, organisation_id),
        lambda team: (caseload.with_worker(team, subject, worker), []),
        cause,
        blank=Team(tenant=actor.tenant, organisation_id=organisation_id),
    )


async def accept(
    stores: Stores,
    referral_id: str,
    cause: Cause,
    *,
    assigned_to: str | None,
    over_limit: bool = False,
    if_match: int | None = None,
) -> Saved[Referral]:
    """Take a referral; whoever has most room looks after the person unless one is named.

    Where the organisation has stated no workers, or nobody has room, nobody is assigned and
    the worklist says so. Cases accepted in the same moment may pass a limit by as many.
    """
    worker = await _choose(stores, cause.actor, assigned_to, over_limit=over_limit)
    command = partial(referrals.accept, assigned_to=worker)
    return await change(stores, referral_id, command, cause, if_match=if_match)


async def assign(
    stores: Stores,
    referral_id: str,
    cause: Cause,
    *,
    assigned_to: str | None,
    over_limit: bool = False,
    if_match: int | None = None,
) -> Saved[Referral]:
    """Hand a case to the worker named, or to whoever has most room.

    Raises Conflict where nobody has.
    """
    worker = await _choose(stores, cause.actor, assigned_to, over_limit=over_limit)
    if worker is None:
        raise Conflict("No worker of the team has room: name one, and say over_limit.")
    command = partial(referrals.assign, assigned_to=worker)
    return await change(stores, referral_id, command, cause, if_match=if_match)


async def hand_over(stores: Stores, organisation_id: str, subject: str, cause: Cause) -> Handover:
    """Give all open cases of a worker to the others, least loaded first.

    Raises Invalid while the worker still takes cases. May be repeated: what went stays.
    """
    team, found = await team_of(stores, organisation_id, cause.actor)
    known = team.workers.get(subject)
    if known is None or known.active:
        reason = "must be one of your workers, and no longer active"
        raise Invalid("Nothing was handed over.", errors=[FieldError("/subject", reason)])
    loads = dict(found)
    given: dict[str, str] = {}
    left: list[str] = []
    for case in await stores.referrals.assigned_to(subject, organisation_id, cause.actor.tenant):
        worker = caseload.least_loaded(team, loads, but=subject)
        if worker is None or not _may_assign(case.state.status):
            left.append(case.id)
            continue
        own = Cause(
            id=cause.make_id(f"hand-over {case.id}"),
            actor=replace(cause.actor, operation=ASSIGN),
            at=cause.at,
            traceparent=cause.traceparent,
            repeatable=cause.repeatable,
        )
        command = partial(referrals.assign, assigned_to=worker)
        try:
            await change(stores, case.id, command, own)
        except Forbidden:
            left.append(case.id)
            continue
        loads[worker] = loads.get(worker, 0) + 1
        given[case.id] = worker
    return Handover(given=given, left=tuple(left))


async def _choose(
    stores: Stores, actor: Actor, named: str | None, *, over_limit: bool
) -> str | None:
    team = await stores.teams.of(actor.organisation, actor.tenant)
    if not team.workers:
        return named
    loads = await stores.referrals.loads(actor.organisation, actor.tenant)
    if named is None:
        return caseload.least_loaded(team, loads)
    caseload.check_by_hand(team, loads, named, over_limit=over_limit)
    return named


def _may_assign(status: Status) -> bool:
    try:
        after(status, Command.ASSIGN)
    except Conflict:
        return False
    return True
