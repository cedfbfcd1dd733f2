"""Merged and parted persons: under whom a case is counted, whatever is heard when."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from services.outcomes import handlers
from services.outcomes.domain import Alias, note_merge, survivor_of
from services.outcomes.store import Stores
from shared.events import Event, PersonMerged, PersonUnmerged, ReferralCreated
from shared.store.memory import MemoryCollection
from tests.outcomes.examples import (
    CASE,
    TENANT,
    attended,
    heard,
    intake,
    person_fact,
)
from tests.outcomes.keeping import kept

ANN, BEA, CAZ = "person-a", "person-b", "person-c"


def case_of(person: str, number: int) -> ReferralCreated:
    case = f"case-{number}"
    return intake(case_id=case, referral_id=case, person_id=person)


def merged(seq: int, survivor: str, retired: str) -> PersonMerged:
    return person_fact(PersonMerged, seq, survivor, retired)


def parted(seq: int, survivor: str, retired: str, *cases: str) -> PersonUnmerged:
    return person_fact(PersonUnmerged, seq, survivor, retired, case_ids=cases)


async def hear(stores: Stores, *events: Event) -> None:
    for event in events:
        cause = heard(f"{event.type}-{event.key}-{event.seq}")
        if isinstance(event, ReferralCreated):
            await handlers.open_plan(stores, event, cause)
        else:
            assert isinstance(event, (PersonMerged, PersonUnmerged))
            await handlers.note_merge(stores, event, cause)


async def persons(stores: Stores) -> Mapping[str, str]:
    found = (await stores.plans.find(TENANT)).items
    return {saved.id: saved.state.person_id for saved in found}


async def test_merge_persons_the_cases_of_both_are_counted_under_one(stores: Stores) -> None:
    await hear(stores, case_of(ANN, 1), case_of(BEA, 2), merged(3, ANN, BEA))
    assert await persons(stores) == {"case-1": ANN, "case-2": ANN}
    assert set(await stores.plans.concerning([ANN], TENANT)) == {"case-1", "case-2"}
    plan = (await stores.plans.get("case-2", TENANT)).state
    assert plan.own_person_id == BEA


async def test_merge_persons_is_undone_by_the_cases_it_names(stores: Stores) -> None:
    await hear(stores, case_of(ANN, 1), case_of(BEA, 2), merged(3, ANN, BEA), case_of(ANN, 3))
    # The third case was made under the merged record, and was the other person's all along.
    await hear(stores, parted(4, ANN, BEA, "case-2", "case-3"))
    assert await persons(stores) == {"case-1": ANN, "case-2": BEA, "case-3": BEA}
    await hear(stores, merged(5, ANN, BEA))
    assert set((await persons(stores)).values()) == {ANN}


async def test_merge_persons_heard_again_changes_nothing(stores: Stores) -> None:
    await hear(stores, case_of(BEA, 2), merged(3, ANN, BEA))
    version = (await stores.plans.get("case-2", TENANT)).version
    await hear(stores, merged(3, ANN, BEA))
    assert (await stores.plans.get("case-2", TENANT)).version == version == 2


async def test_late_events_an_intake_of_a_record_already_merged_is_the_survivors(
    stores: Stores,
) -> None:
    await hear(stores, merged(3, ANN, BEA), case_of(BEA, 2))
    assert await persons(stores) == {"case-2": ANN}


async def test_late_events_a_merge_heard_after_it_was_undone_is_passed_over(
    stores: Stores,
) -> None:
    await hear(stores, case_of(BEA, 2), parted(4, ANN, BEA, "case-2"), merged(3, ANN, BEA))
    assert await persons(stores) == {"case-2": BEA}


async def test_merge_persons_one_after_another_ends_at_the_last(stores: Stores) -> None:
    await hear(stores, case_of(BEA, 1), merged(2, CAZ, ANN), merged(2, ANN, BEA))
    assert await persons(stores) == {"case-1": CAZ}
    await hear(stores, parted(3, CAZ, ANN))
    assert await persons(stores) == {"case-1": ANN}


async def test_merge_persons_of_another_tenant_touches_nothing(stores: Stores) -> None:
    await hear(stores, case_of(BEA, 1))
    stray = merged(2, ANN, BEA).model_copy(update={"tenant": "icb-other"})
    await handlers.note_merge(stores, stray, heard("stray", tenant="icb-other"))
    assert await persons(stores) == {"case-1": BEA}


async def test_facts_of_the_plan_name_whom_it_is_counted_under(stores: Stores) -> None:
    await hear(stores, case_of(BEA, 1), merged(2, ANN, BEA))
    plan = (await stores.plans.get("case-1", TENANT)).state
    await handlers.note_appointment(stores, attended(3, case_id="case-1"), heard("event-3"))
    assert plan.person_id == ANN
    assert CASE not in await persons(stores)


async def test_merges_heard_at_once_end_in_one_person(stores: Stores) -> None:
    opened = [case_of(BEA, number) for number in range(1, 6)]
    facts: list[Event] = [*opened, merged(2, ANN, BEA), merged(2, CAZ, ANN)]
    await asyncio.gather(*(hear(stores, fact) for fact in facts))
    assert set((await persons(stores)).values()) == {CAZ}


def test_two_records_that_seem_merged_into_each_other_still_end_at_one() -> None:
    first = note_merge(Alias(tenant=TENANT, retired_id=BEA), merged(2, ANN, BEA))
    second = note_merge(Alias(tenant=TENANT, retired_id=ANN), merged(3, BEA, ANN))
    assert survivor_of(BEA, {BEA: first, ANN: second}) == ANN


# Property: whatever is heard when, and however often

Story = tuple[Event, ...]
STORY: Story = (
    case_of(ANN, 1),
    case_of(BEA, 2),
    case_of(CAZ, 3),
    merged(2, ANN, BEA),
    case_of(ANN, 4),
    parted(3, ANN, BEA, "case-2", "case-4"),
    merged(4, ANN, BEA),
    merged(2, CAZ, ANN),
    merged(3, ANN, CAZ),
    parted(5, CAZ, ANN, "case-1"),
    parted(6, ANN, BEA, "case-2", "case-4"),
)
"""Merged, parted, merged again; merged on, that undone and turned round; parted for good."""

ENDS = {"case-1": ANN, "case-2": BEA, "case-3": ANN, "case-4": BEA}

Run = Callable[[int], Awaitable[Mapping[str, str]]]


@pytest.fixture
def retold() -> Run:
    """The story in an order, and with repeats, that a number chooses."""

    async def run(seed: int) -> Mapping[str, str]:
        chance = random.Random(seed)
        facts: list[Any] = [*STORY, *chance.choices(STORY, k=chance.randint(0, 10))]
        chance.shuffle(facts)
        stores = kept(MemoryCollection)
        await hear(stores, *facts)
        return await persons(stores)

    return run


async def test_shuffled_and_repeated_merges_count_each_case_under_one_person(retold: Run) -> None:
    for seed in range(100):
        assert await retold(seed) == ENDS, f"seed {seed}"
