"""Sealed fields, the keys they are sealed under, and what is left when a key is gone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Erased
from shared.store import Database, Memory
from shared.store.updating import Updating
from shared.vault import KeyRefused, LocalMasterKeys, Unreadable
from tests.shared.diaries import ADAS, NOON, TENANT, Diaries, Diary, Entry, Kept, because


async def test_a_record_reads_as_it_was_and_lies_sealed(kept: Kept) -> None:
    await kept.diaries.insert("d1", ADAS, (), because())

    assert (await kept.diaries.get("d1", TENANT)).state == ADAS
    document = await kept.document("d1")
    assert "Slept" not in json.dumps(document, default=str)
    assert "monday" not in json.dumps(document, default=str)
    assert document["state"]["colour"] == "red"
    assert document["sealed_by"] == "ada"


async def test_a_changed_record_is_sealed_anew(kept: Kept) -> None:
    await kept.diaries.insert("d1", ADAS, (), because())
    before = (await kept.document("d1"))["state"]

    await kept.diaries.update(
        "d1", lambda diary: (diary.model_copy(update={"words": "Slept well."}), ()), because()
    )

    after = (await kept.document("d1"))["state"]
    assert (await kept.diaries.get("d1", TENANT)).state.words == "Slept well."
    assert "Slept" not in json.dumps(after)
    assert after["days"] != before["days"], "no nonce is used twice"


async def test_a_record_that_changes_hands_is_sealed_under_the_new_owners_key(kept: Kept) -> None:
    await kept.diaries.insert("d1", ADAS, (), because())
    await kept.diaries.update(
        "d1", lambda diary: (diary.model_copy(update={"owner": "bob"}), ()), because()
    )
    await kept.keys.destroy("ada", TENANT, NOON)

    assert (await kept.diaries.get("d1", TENANT)).state.words == "Slept badly."


async def test_where_there_is_nothing_to_seal_no_key_is_made(kept: Kept) -> None:
    bare = Diary(id="d1", owner="ada", entries=(Entry(code="sleep"),))
    await kept.diaries.insert("d1", bare, (), because())

    assert await kept.keys_raw.count({}) == 0
    assert (await kept.document("d1"))["state"]["entries"] == [{"code": "sleep", "words": None}]

    worded = (Entry(code="sleep", words="Badly."),)
    await kept.diaries.update(
        "d1", lambda diary: (diary.model_copy(update={"entries": worded}), ()), because()
    )

    assert await kept.keys_raw.count({}) == 1
    assert "Badly" not in json.dumps((await kept.document("d1"))["state"])
    assert (await kept.diaries.get("d1", TENANT)).state.entries == worded


async def test_each_reading_opens_find_claim_and_many(kept: Kept) -> None:
    for id_, owner in (("d1", "ada"), ("d2", "bob")):
        diary = ADAS.model_copy(update={"id": id_, "owner": owner})
        await kept.diaries.insert(id_, diary, (), because())

    many = await kept.diaries.get_many(["d1", "d2"], TENANT)
    found = (await kept.diaries.find(TENANT)).items

    assert {saved.state.words for saved in (*many.values(), *found)} == {"Slept badly."}


async def test_a_field_moved_to_another_record_of_the_same_person_does_not_open(
    kept: Kept,
) -> None:
    for id_ in ("d1", "d2"):
        await kept.diaries.insert(id_, ADAS.model_copy(update={"id": id_}), (), because())
    stolen = (await kept.document("d1"))["state"]["words"]
    forged = await kept.document("d2")
    forged |= {"_id": "d3", "state": {**forged["state"], "words": stolen}}
    await kept.raw.insert([forged])

    with pytest.raises(Unreadable):
        await kept.diaries.get("d3", TENANT)


async def test_a_destroyed_key_is_erasure_wherever_the_record_comes_back_from(kept: Kept) -> None:
    await kept.diaries.insert("d1", ADAS, (), because())
    backup = await kept.document("d1")

    await kept.keys.destroy("ada", TENANT, NOON)
    await kept.keys.destroy("ada", TENANT, NOON + timedelta(days=1))

    with pytest.raises(Erased):
        await kept.diaries.get("d1", TENANT)
    await kept.raw.insert([backup | {"_id": "restored"}])
    with pytest.raises(Erased):
        await kept.diaries.get("restored", TENANT)
    assert (await kept.diaries.find(TENANT)).items == []
    assert await kept.diaries.get_many(["d1"], TENANT) == {}
    key = (await kept.keys_raw.read(["ada"]))["ada"]
    assert (key["state"]["wrapped"], key["state"]["destroyed_at"]) == (None, "2026-03-02T12:00:00Z")


async def test_no_new_key_is_made_for_someone_whose_key_was_destroyed(kept: Kept) -> None:
    await kept.keys.destroy("ada", TENANT, NOON)

    with pytest.raises(Erased):
        await kept.diaries.insert("d1", ADAS, (), because())
    with pytest.raises(Erased):
        await kept.keys.make("ada", TENANT)
    assert await kept.raw.count({}) == 0


async def test_a_write_for_an_erased_person_fails_alone(kept: Kept) -> None:
    for id_, owner in (("d1", "ada"), ("d2", "bob")):
        diary = Diary(id=id_, owner=owner)
        await kept.diaries.insert(id_, diary, (), because())
    await kept.keys.destroy("ada", TENANT, NOON)

    outcomes = await Updating(kept.diaries)(
        [
            _update(id_, lambda diary: (diary.model_copy(update={"words": "New."}), ()))
            for id_ in ("d1", "d2")
        ]
    )

    assert isinstance(outcomes[0], Erased)
    assert (await kept.diaries.get("d2", TENANT)).state.words == "New."


def _update(id_: str, change: Any) -> Any:
    from shared.store.fold import Update

    return Update(id_, change, because(), None, False)


async def test_two_that_make_one_persons_key_at_once_hold_the_same(kept: Kept) -> None:
    other = Diaries(kept.raw, kept.other_process())
    await kept.keys.make("ada", TENANT)
    await other.insert("d1", ADAS, (), because())

    assert (await kept.diaries.get("d1", TENANT)).state == ADAS


async def test_a_key_is_held_for_its_time_and_no_longer(kept: Kept) -> None:
    await kept.diaries.insert("d1", ADAS, (), because())
    await kept.other_process().destroy("ada", TENANT, NOON)

    kept.clock.now = 59
    assert (await kept.diaries.get("d1", TENANT)).state == ADAS, "another process held it"
    kept.clock.now = 61
    with pytest.raises(Erased):
        await kept.diaries.get("d1", TENANT)


async def test_no_more_keys_are_held_than_the_bound(backend: Database | Memory) -> None:
    kept = Kept(backend, most=2)
    for owner in ("ada", "bob", "cyd"):
        await kept.keys.make(owner, TENANT)

    assert [owner for _, owner in kept.keys._held] == ["bob", "cyd"]


async def test_another_tenant_never_gets_the_key(kept: Kept) -> None:
    await kept.keys.make("ada", TENANT)

    assert await kept.keys.of(["ada"], "icb-other") == {}


async def test_a_new_master_key_takes_over_every_data_key(kept: Kept) -> None:
    for owner in ("ada", "bob", "cyd"):
        await kept.keys.make(owner, TENANT)
    await kept.keys.destroy("cyd", TENANT, NOON)
    await kept.diaries.insert("d1", ADAS, (), because())
    both = LocalMasterKeys({"a": b"a" * 32, "b": b"b" * 32}, "b")
    renewed = kept.other_process(both)
    assert await renewed.outdated() == 2

    done = [count async for count in renewed.rewrap()]

    assert sum(done) == 2
    assert await renewed.outdated() == 0
    alone = Diaries(kept.raw, kept.other_process(LocalMasterKeys({"b": b"b" * 32}, "b")))
    assert (await alone.get("d1", TENANT)).state == ADAS
    assert [count async for count in renewed.rewrap()] == []


async def test_a_key_that_no_master_key_opens_stops_the_change(kept: Kept) -> None:
    await kept.keys.make("ada", TENANT)
    other = kept.other_process(LocalMasterKeys({"b": b"b" * 32}, "b"))

    with pytest.raises(KeyRefused):
        [count async for count in other.rewrap()]


def test_a_store_that_seals_is_not_made_without_keys() -> None:
    with pytest.raises(TypeError, match="Diaries seals"):
        Diaries(Memory().collection("diaries"))
