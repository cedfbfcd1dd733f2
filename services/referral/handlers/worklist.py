"""What someone has to do today, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.referral.domain import worklist
from services.referral.domain.policy import Sight
from services.referral.domain.referral import Referral
from services.referral.domain.worklist import Side, Task, Todo
from services.referral.handlers.looking import look_at_all
from services.referral.store import Stores
from shared.cause import Actor
from shared.policy import Role
from shared.store import Saved

_MOST = 2000
"""Referrals looked through for one worklist: the ones longest due."""


@dataclass(frozen=True, slots=True)
class Item:
    """A referral, and the first thing to be done about it.

    Without ``task``: that there is something, on a record restricted to others.
    """

    saved: Saved[Referral]
    task: Task | None


async def todo(
    stores: Stores, actor: Actor, now: datetime, *, worker: str | None, limit: int
) -> Sequence[Item]:
    """What the asker's organisation has to do by ``now``, the most pressing first.

    ``worker`` leaves what that worker looks after, in their cases, and what nobody does yet.
    What the asker may not see comes last and says only that it is there.
    """
    rules = await stores.tenants.rules(actor.tenant)
    found = [
        (saved, task)
        for side in ("provider", "referrer")
        for saved in await _candidates(stores, actor, side, now, worker)
        if (task := worklist.due(saved.state, side, now, rules)) is not None
    ]
    found += await _accesses(stores, actor)
    found.sort(key=lambda each: (each[1].todo, _urgency(each[0].state), each[1].since))
    items: list[Item] = []
    for start in range(0, len(found), limit):
        some = found[start : start + limit]
        seen = await look_at_all(stores, [saved for saved, _ in some], actor, now)
        items += [
            Item(saved, task if _is_shown(task, how) else None)
            for (saved, task), (_, how, _) in zip(some, seen, strict=True)
            if how is not Sight.HAPPENED
        ]
        if len(items) >= limit:
            break
    return sorted(items[:limit], key=lambda item: item.task is None)


def _is_shown(task: Task, how: Sight) -> bool:
    """A lead who may not see the record is still told that the glass was broken on it."""
    return how is not Sight.RESTRICTED or task.todo is Todo.REVIEW_ACCESS


async def _accesses(stores: Stores, actor: Actor) -> Sequence[tuple[Saved[Referral], Task]]:
    """The team's cases on whose persons the glass was broken, for its leads to look at."""
    if actor.role != Role.TEAM_LEAD:
        return []
    own = actor.organisation
    made = [each.state for each in await stores.overrides.to_review(own, actor.tenant)]
    ids = list({each.cases[own] for each in made if own in each.cases})
    cases = await stores.referrals.get_many(ids, actor.tenant) if ids else {}
    return [
        (cases[each.cases[own]], Task(Todo.REVIEW_ACCESS, "provider", each.at))
        for each in made
        if each.cases.get(own) in cases
    ]


async def _candidates(
    stores: Stores, actor: Actor, side: Side, now: datetime, worker: str | None
) -> Sequence[Saved[Referral]]:
    organisation = actor.organisation
    where: dict[str, object] = {f"state.{side}_organisation_id": organisation}
    if worker is not None and side == "provider":
        where["state.assigned_to"] = {"$in": [worker, None]}
    elif worker is not None:
        cases = await stores.referrals.assigned_to(worker, organisation, actor.tenant)
        # A practice has no caseload of its own: what it referred is everybody's there.
        where["$or"] = [
            {"state.case_id": {"$in": [case.state.case_id for case in cases]}},
            {"state.team_organisation_id": {"$ne": organisation}},
        ]
    return await stores.referrals.waiting_for(where, side, actor.tenant, now, _MOST)


def _urgency(referral: Referral) -> int:
    return 0 if referral.priority == "urgent" else 1
