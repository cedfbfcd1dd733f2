"""Under whom each case is counted, worked out anew when records are merged or taken apart.

Each plan is set on its own, from all that is known; doing it again does no harm, so a crash
in between is made good when the fact is heard again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.outcomes import domain
from services.outcomes.domain import Alias, Plan
from services.outcomes.store import Stores
from shared.cause import Cause


async def settle_all(stores: Stores, person_id: str, cause: Cause) -> None:
    """Set all cases that are counted through this record."""
    tenant = cause.actor.tenant
    aliases = await _merged_through(stores, person_id, tenant)
    persons = [person_id, *(alias.retired_id for alias in aliases)]
    own = await stores.aliases.of(person_id, tenant)
    given = [
        case_id
        for alias in (*aliases, *((own,) if own else ()))
        for link in alias.links
        for case_id in link.case_ids
    ]
    concerned = await stores.plans.concerning(persons, tenant)
    # A case that is not open yet is settled when it opens.
    plans = await stores.plans.get_many(list(dict.fromkeys((*concerned, *given))), tenant)
    for saved in plans.values():
        await settle(stores, saved.state, cause)


async def settle(stores: Stores, plan: Plan, cause: Cause) -> None:
    """Set whom a case is counted under."""
    # Until nothing changed on the way: another merge of the chain may be heard meanwhile.
    while (person_id := await _person_of(stores, plan)) != plan.person_id:
        plan = await _set(stores, plan.case_id, person_id, cause)


async def _set(stores: Stores, case_id: str, person_id: str, cause: Cause) -> Plan:
    def counted(plan: Plan) -> domain.Changed:
        return domain.count_under(plan, person_id), ()

    # A cause of its own: the plan may be one that this very fact created.
    own = replace(cause, id=cause.make_id("count-under"))
    return (await stores.plans.update(case_id, counted, own, remember=False)).state


async def _person_of(stores: Stores, plan: Plan) -> str:
    giving = await stores.aliases.giving(plan.case_id, plan.tenant)
    owner = domain.owner_of(plan, giving)
    aliases: dict[str, Alias] = {}
    person_id: str | None = owner
    while person_id is not None and person_id not in aliases:
        alias = await stores.aliases.of(person_id, plan.tenant)
        if alias is None:
            break
        aliases[person_id] = alias
        person_id = alias.survivor_id
    return domain.survivor_of(owner, aliases)


async def _merged_through(stores: Stores, person_id: str, tenant: str) -> Sequence[Alias]:
    """Every record that was ever merged into this one, directly or through others."""
    known = {person_id}
    found: list[Alias] = []
    level = [person_id]
    while level:
        aliases = await stores.aliases.into(level, tenant)
        new = [alias for alias in aliases if alias.retired_id not in known]
        found += new
        level = [alias.retired_id for alias in new]
        known.update(level)
    return found
