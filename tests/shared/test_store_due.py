"""Work that falls due: claimed by one, back again if that one dies, settled by an update."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tests.shared.store_examples import (
    NOON,
    NOON_STORED,
    Register,
    Registers,
    amend,
    because,
    come,
    later,
    raw,
)

LEASE = timedelta(minutes=5)


async def open_due(store: Registers, record_id: str, due: datetime | None) -> None:
    state = Register(id=record_id, review_at=due)
    await store.insert(record_id, state, [], because())


async def claim(store: Registers, now: datetime, limit: int = 10) -> set[str]:
    return {saved.id for saved in await store.claim_due(now, LEASE, limit)}


async def test_only_what_is_due_is_claimed_earliest_first(registers: Registers) -> None:
    await open_due(registers, "now", NOON)
    await open_due(registers, "past", later(hours=-1))
    await open_due(registers, "to come", later(seconds=1))
    await open_due(registers, "never", None)

    assert await claim(registers, NOON, limit=1) == {"past"}
    assert await claim(registers, NOON) == {"now"}
    assert await claim(registers, NOON) == set()


async def test_a_claimed_record_comes_back_after_the_lease(registers: Registers) -> None:
    await open_due(registers, "monday", NOON)
    assert await claim(registers, NOON) == {"monday"}

    assert await claim(registers, later(minutes=4, seconds=59)) == set()
    assert await registers.collection.next_due() == (await raw(registers, "monday"))["due_at"]
    assert await claim(registers, later(minutes=5)) == {"monday"}


async def test_a_claim_changes_neither_version_nor_state(registers: Registers) -> None:
    await open_due(registers, "monday", NOON)

    (claimed,) = await registers.claim_due(NOON, LEASE, 10)

    assert (claimed.version, claimed.state.review_at) == (1, NOON)
    done = await registers.update("monday", come("ada"), because(), if_match=1)
    assert done.version == 2


async def test_an_update_sets_anew_when_a_record_is_due(registers: Registers) -> None:
    await open_due(registers, "monday", NOON)
    await claim(registers, NOON)

    await registers.update("monday", amend(review_at=later(minutes=1)), because())

    assert await claim(registers, NOON) == set()
    assert await claim(registers, later(minutes=1)) == {"monday"}


async def test_a_record_that_needs_no_more_work_is_never_due_again(registers: Registers) -> None:
    await open_due(registers, "monday", NOON)
    await claim(registers, NOON)

    await registers.update("monday", amend(review_at=None), because())

    assert "due_at" not in await raw(registers, "monday")
    assert await claim(registers, later(days=1)) == set()
    assert await registers.collection.next_due() is None


async def test_the_next_due_time_is_the_earliest(registers: Registers) -> None:
    await open_due(registers, "monday", later(hours=2))
    await open_due(registers, "friday", NOON)
    await open_due(registers, "never", None)

    assert await registers.collection.next_due() == NOON_STORED


async def test_each_record_goes_to_one_claimer_of_one_replica(
    registers: Registers, rival: Registers
) -> None:
    ids = [f"record {n}" for n in range(30)]
    await asyncio.gather(*(open_due(registers, record_id, NOON) for record_id in ids))

    async def all_claim() -> list[str]:
        stores = (registers, rival, registers, rival)
        rounds = await asyncio.gather(*(claim(store, NOON, limit=7) for store in stores))
        return [record_id for claimed in rounds for record_id in claimed]

    won: list[str] = []
    while claimed := await all_claim():
        won += claimed

    assert sorted(won) == sorted(ids)
