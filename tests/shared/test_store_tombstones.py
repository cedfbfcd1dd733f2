"""What is left of an erased record, and that nothing brings it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.cause import Cause
from shared.errors import Erased, NotFound
from shared.ids import new_id
from tests.shared.diaries import ADAS, NOON, TENANT, Diary, Kept, because

# Tombstones


async def test_a_tombstone_holds_nothing_of_the_record_and_is_never_undone(kept: Kept) -> None:
    cause = because()
    await kept.diaries.insert("d1", ADAS, (), cause)

    await kept.diaries.bury(["d1"], TENANT, NOON)

    document = await kept.document("d1")
    assert set(document) == {
        "_id",
        "tenant",
        "version",
        "seq",
        "slot",
        "created_at",
        "updated_at",
        "outbox",
        "history",
        "erased_at",
    }
    assert document["erased_at"] == NOON
    with pytest.raises(Erased):
        await kept.diaries.get("d1", TENANT)
    with pytest.raises(Erased):
        await kept.diaries.insert("d1", ADAS, (), cause)
    with pytest.raises(Erased):
        await kept.diaries.update("d1", lambda diary: (diary, ()), because())


async def test_a_tombstone_comes_before_the_record_and_keeps_it_out(kept: Kept) -> None:
    await kept.diaries.bury(["d1"], TENANT, NOON)

    with pytest.raises(Erased):
        await kept.diaries.insert("d1", ADAS, (), because())


async def test_a_tombstone_again_keeps_its_first_time(kept: Kept) -> None:
    await kept.diaries.bury(["d1"], TENANT, NOON)
    await kept.diaries.bury(["d1"], TENANT, NOON + timedelta(days=1))

    assert (await kept.document("d1"))["erased_at"] == NOON


async def test_another_tenants_record_is_not_buried(kept: Kept) -> None:
    await kept.diaries.insert("d1", ADAS, (), because())

    await kept.diaries.bury(["d1"], "icb-other", NOON)

    assert (await kept.diaries.get("d1", TENANT)).state == ADAS
    with pytest.raises(NotFound):
        await kept.diaries.get("d1", "icb-other")


async def test_pages_go_on_past_what_was_erased(kept: Kept) -> None:
    for n in range(5):
        diary = Diary(id=f"d{n}", owner="ada")
        cause = Cause(new_id(), because().actor, NOON + timedelta(minutes=n))
        await kept.diaries.insert(f"d{n}", diary, (), cause)
    await kept.diaries.bury(["d3", "d1"], TENANT, NOON + timedelta(hours=1))

    pages = []
    cursor = None
    while True:
        page = await kept.diaries.find(TENANT, limit=2, cursor=cursor)
        pages.append([saved.id for saved in page.items])
        cursor = page.next_cursor
        if cursor is None:
            break

    assert pages == [["d4"], ["d2"], ["d0"]]
