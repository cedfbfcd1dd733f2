"""Opting out of reports, and being erased: what is counted, what is kept, what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from services.outcomes.consumers.plans import consumer
from services.outcomes.domain.reports import contribution
from services.outcomes.handlers.counting import recount
from services.outcomes.store import Stores
from shared.errors import Erased, NotFound
from shared.events import Event, PersonErased, ReferralAccepted
from tests.outcomes.examples import (
    CASE,
    NOON,
    PERSON,
    TEAM,
    TENANT,
    attended,
    heard,
    intake,
    referral_fact,
)
from tests.outcomes.reporting import NOW, counted, profiled, tell

OTHER = "case-of-another"


def accepted(case: str = CASE) -> ReferralAccepted:
    return referral_fact(ReferralAccepted, 3, case_id=case, referral_id=case)


def erased() -> PersonErased:
    return PersonErased(
        tenant=TENANT,
        seq=1,
        occurred_at=NOON,
        actor={"role": "tenant_admin", "organisation": "icb"},
        person_id=PERSON,
        erasure_id="erasure-1",
        person_ids=(PERSON,),
        case_ids=(CASE,),
        referral_ids=(CASE,),
        service_ids=("team-service",),
    )


async def to_plans(stores: Stores, *events: Event) -> None:
    """Each event through the plans' own consumer; one about something erased passes."""
    for event in events:
        cause = heard(f"{event.type}-{event.seq}-{event.subject}", tenant=event.tenant)
        try:
            await consumer.listening[event.type].handler(event, cause, stores)
        except Erased:
            continue


async def rows(stores: Stores) -> Mapping[str, Mapping[str, int]]:
    await counted(stores)
    held = await stores.cells.get_many(await stores.cells.ids(TENANT), TENANT)
    return {
        id_: {row: count for row, count in saved.state.rows.items() if count}
        for id_, saved in held.items()
    }


async def test_who_opts_out_is_taken_out_of_what_was_counted_and_comes_back(
    stores: Stores,
) -> None:
    other = intake(case_id=OTHER, referral_id=OTHER, person_id="person-other")
    await tell(stores, other, profiled(case=OTHER))
    without = await rows(stores)
    await tell(stores, intake(), profiled(2), accepted())
    with_them = await rows(stores)
    assert with_them != without

    await tell(stores, profiled(4, secondary_use=False, age_band=None, sex="unknown"))
    taken_out = await rows(stores)
    # The choice made before, heard late.
    await tell(stores, profiled(2))
    still_out = await rows(stores)
    await tell(stores, profiled(5))
    back = await rows(stores)

    def without_empty(held: Mapping[str, Mapping[str, int]]) -> Mapping[str, Any]:
        return {id_: counts for id_, counts in held.items() if counts}

    assert without_empty(taken_out) == without_empty(still_out) == without_empty(without)
    assert without_empty(back) == without_empty(with_them)
    assert not (await recount(stores, TENANT, NOW, repair=False)).differing


async def test_one_who_opted_out_before_their_case_is_never_counted(stores: Stores) -> None:
    await tell(stores, profiled(2, secondary_use=False), intake(), accepted())

    assert not any((await rows(stores)).values())
    assert contribution((await stores.cases.get(CASE, TENANT)).state) is None


async def test_an_erased_case_stays_a_number_and_nothing_else(stores: Stores) -> None:
    await to_plans(stores, intake(), attended(4))
    await tell(stores, intake(), profiled(), accepted())
    before = await rows(stores)

    await to_plans(stores, erased())
    await tell(stores, erased())

    with pytest.raises(Erased):
        await stores.plans.get(CASE, TENANT)
    case = (await stores.cases.get(CASE, TENANT)).state
    assert case.erased
    assert (case.opening, case.profile, dict(case.referrals), dict(case.contacts)) == (
        None,
        None,
        {},
        {},
    )
    assert await rows(stores) == before
    assert not (await recount(stores, TENANT, NOW, repair=False)).differing
    done = (await stores.erasures.get("erasure-1", TENANT)).state
    assert done.applied_at is not None


async def test_a_replay_after_an_erasure_brings_nothing_back_and_tells_once(
    stores: Stores,
) -> None:
    facts = (intake(), attended(4), erased())
    await to_plans(stores, *facts)
    await tell(stores, intake(), profiled(), accepted(), erased())
    kept = await rows(stores)

    await to_plans(stores, *facts)
    await tell(stores, intake(), profiled(7), accepted())

    with pytest.raises(Erased):
        await stores.plans.get(CASE, TENANT)
    assert (await stores.cases.get(CASE, TENANT)).state.opening is None
    assert await rows(stores) == kept
    unsent = await stores.erasures.collection.unsent(range(16), 10)
    told = [entry.type for each in unsent for entry in each.entries]
    assert told == ["outcomes-erasure-applied"]


async def test_an_erasure_heard_before_anything_else_keeps_the_case_out(stores: Stores) -> None:
    await to_plans(stores, erased())
    await tell(stores, erased())

    await to_plans(stores, intake(), attended(4))
    await tell(stores, intake(), profiled(), accepted())

    with pytest.raises(Erased):
        await stores.plans.get(CASE, TENANT)
    assert not any((await rows(stores)).values())


async def test_what_a_person_said_lies_sealed_and_codes_alone_need_no_key(stores: Stores) -> None:
    from services.outcomes.domain import Goal, GoalChange, Need

    await to_plans(stores, intake())
    with pytest.raises(NotFound):
        await stores.person_keys.get(PERSON, TENANT)
    change = GoalChange(
        id="c1",
        at=NOON,
        by="w",
        change="set",
        lifecycle_status="active",
        achievement_status="in-progress",
        wording="Walk to the shop.",
    )
    goal = Goal(id="g1", wording="Walk to the shop.", need_code="x", changes=(change,))
    need = Need(need_code="loneliness", own_words="Evenings are long.")
    await stores.plans.update(
        CASE,
        lambda plan: (plan.model_copy(update={"goals": (goal,), "needs": (need,)}), ()),
        heard("words"),
    )

    inner = stores.plans.collection._inner  # type: ignore[attr-defined]
    document = (await inner.read([CASE]))[CASE]
    text = json.dumps(document, default=str)
    assert "Walk to the shop" not in text
    assert "Evenings" not in text
    assert document["facets"]["goals"] == ["g1"]
    assert (await stores.plans.get(CASE, TENANT)).state.goals == (goal,)
    assert TEAM in text, "who holds the case is no secret of the person's"
