"""An erased person's plans go, and what they counted for stays as a number among others."""

from __future__ import annotations

from dataclasses import replace

from services.outcomes.domain import reports
from services.outcomes.handlers import reporting
from services.outcomes.store import Stores
from shared.cause import Cause
from shared.events import PersonErased
from shared.ids import derived_id


async def erase(stores: Stores, event: PersonErased, cause: Cause) -> None:
    """Remove the person's words, answers and attendance; any part may be gone already.

    Cases are found by the person as well as by what the fact names: a plan whose intake was
    heard under another of their records is theirs too.
    """
    tenant, at = event.tenant, cause.at
    erasure = await stores.erasures.begin(event, cause)
    theirs = await stores.plans.concerning(erasure.person_ids, tenant)
    case_ids = list(dict.fromkeys((*erasure.case_ids, *theirs)))
    for case_id in case_ids:
        own = replace(cause, id=derived_id(cause.id, case_id))
        await reporting.note(stores, case_id, reports.forget, own)
    await stores.plans.bury(case_ids, tenant, at)
    await stores.aliases.bury(erasure.person_ids, tenant, at)
    for person_id in erasure.person_ids:
        await stores.person_keys.destroy(person_id, tenant, at)
    done = replace(cause, id=derived_id(cause.id, "done"))
    await stores.erasures.finish(erasure, done, again=None)
