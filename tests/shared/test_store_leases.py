"""Which replica relays which slots."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from shared.store import SLOTS, Collection, Database
from shared.store.leases import NO_LEASES, Leases, claim, release
from tests.shared.store_examples import NOON, Registers, later

MINUTE = timedelta(minutes=1)
SOON = timedelta(milliseconds=250)
EVERY = frozenset(range(SLOTS))


def after(leases: Leases, *owners: str, seconds: float = 0) -> Leases:
    """The leases after these owners have asked in turn."""
    for owner in owners:
        leases = claim(leases, owner, later(seconds=seconds), MINUTE)
    return leases


def sizes(leases: Leases, *owners: str) -> list[int]:
    return [len(leases.held_by(owner)) for owner in owners]


def test_one_owner_alone_holds_every_slot() -> None:
    leases = after(NO_LEASES, "a")

    assert leases.held_by("a") == EVERY
    assert leases.owners == {"a": NOON + MINUTE}


def test_a_new_owner_takes_nothing_from_a_living_one_until_that_gives_way() -> None:
    joined = after(NO_LEASES, "a", "b")
    assert sizes(joined, "a", "b") == [16, 0]

    given_way = after(joined, "a")
    assert sizes(given_way, "a", "b") == [8, 0]

    assert sizes(after(given_way, "b"), "a", "b") == [8, 8]


def test_three_owners_share_within_two_rounds() -> None:
    leases = after(NO_LEASES, *"abc" * 3)

    assert sizes(leases, "a", "b", "c") == [6, 6, 4]
    assert leases.held_by("a") | leases.held_by("b") | leases.held_by("c") == EVERY


def test_an_owner_that_does_not_renew_loses_its_slots_to_the_others() -> None:
    leases = after(NO_LEASES, *"abab")

    almost = claim(leases, "a", later(seconds=59.9), MINUTE)
    assert sizes(almost, "a", "b") == [8, 8]

    gone = claim(leases, "a", later(seconds=60), MINUTE)
    assert sizes(gone, "a", "b") == [16, 0]
    assert gone.owners == {"a": later(seconds=120)}


def test_an_owner_that_leaves_gives_its_slots_back_at_once() -> None:
    leases = release(after(NO_LEASES, *"abab"), "b")

    assert sizes(leases, "a", "b") == [8, 0]
    assert sizes(after(leases, "a"), "a") == [16]


def test_each_change_is_a_new_epoch() -> None:
    leases = after(NO_LEASES, "a", "b")

    assert leases.epoch == 2
    assert release(leases, "a").epoch == 3


async def share(collection: Collection, *owners: str) -> list[frozenset[int]]:
    """What each owner holds after all have asked three times over, at once."""
    for _ in range(3):
        held = await asyncio.gather(*(collection.lease_slots(owner, MINUTE) for owner in owners))
    return list(held)


async def test_owners_that_ask_at_once_come_to_hold_every_slot_once(
    registers: Registers,
) -> None:
    held = await share(registers.collection, "a", "b", "c", "d")

    assert sorted(len(slots) for slots in held) == [4, 4, 4, 4]
    assert frozenset().union(*held) == EVERY


async def test_leases_run_out(registers: Registers) -> None:
    await registers.collection.lease_slots("gone", SOON)
    assert await registers.collection.lease_slots("a", MINUTE) == frozenset()

    await asyncio.sleep(2 * SOON.total_seconds())

    assert await registers.collection.lease_slots("a", MINUTE) == EVERY


async def test_leases_that_are_renewed_do_not_run_out(registers: Registers) -> None:
    for _ in range(5):
        assert await registers.collection.lease_slots("a", 4 * SOON) == EVERY
        await asyncio.sleep(SOON.total_seconds())
        assert await registers.collection.lease_slots("b", MINUTE) == frozenset()
        await registers.collection.release_slots("b")


async def test_released_slots_are_free_at_once(registers: Registers) -> None:
    await registers.collection.lease_slots("a", MINUTE)

    await registers.collection.release_slots("a")
    await registers.collection.release_slots("never came")

    assert await registers.collection.lease_slots("b", MINUTE) == EVERY


async def test_collections_are_leased_apart(database: Database) -> None:
    await database.collection("registers").lease_slots("a", MINUTE)

    assert await database.collection("walks").lease_slots("b", MINUTE) == EVERY
