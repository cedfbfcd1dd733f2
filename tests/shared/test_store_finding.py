"""Finding records: filters, newest first, and paging that loses and repeats nothing."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from shared.errors import Invalid, Unavailable
from shared.store import Database
from tests.shared.store_examples import ELSEWHERE, Register, Registers, because, come, later


async def fill(store: Registers, *ids: str, minutes: int = 0, room: str | None = None) -> None:
    for record_id in ids:
        state = Register(id=record_id, room=room)
        await store.insert(record_id, state, [], because(at=later(minutes=minutes)))


async def pages(store: Registers, limit: int) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = await store.find("icb-demo", limit=limit, cursor=cursor)
        found.append([saved.id for saved in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_pages_are_newest_first_stable_with_equal_times_and_complete(
    registers: Registers,
) -> None:
    await fill(registers, "b", "d", "a", "c", minutes=1)
    await fill(registers, "old")
    await fill(registers, "f", "e", minutes=2)

    assert await pages(registers, 3) == [["f", "e", "d"], ["c", "b", "a"], ["old"]]
    assert await pages(registers, 7) == [["f", "e", "d", "c", "b", "a", "old"]]
    assert await pages(registers, 1) == [["f"], ["e"], ["d"], ["c"], ["b"], ["a"], ["old"]]


async def test_what_is_added_or_changed_between_pages_moves_no_one(registers: Registers) -> None:
    await fill(registers, "a", "b", "c", "d")
    first = await registers.find("icb-demo", limit=2)

    await fill(registers, "e", minutes=5)
    await registers.update("b", come("ada"), because(at=later(hours=1)))
    second = await registers.find("icb-demo", limit=2, cursor=first.next_cursor)

    assert [saved.id for saved in first.items] == ["d", "c"]
    assert [saved.id for saved in second.items] == ["b", "a"]
    assert second.next_cursor is None


async def test_an_id_may_hold_spaces(registers: Registers) -> None:
    await fill(registers, "hall a", "hall b")

    assert await pages(registers, 1) == [["hall b"], ["hall a"]]


async def test_no_match_is_an_empty_last_page(registers: Registers) -> None:
    page = await registers.find("icb-demo")

    assert (list(page.items), page.next_cursor) == ([], None)


async def test_filters_are_by_state_and_by_facets(registers: Registers) -> None:
    await fill(registers, "a", room="hall")
    await fill(registers, "b", room="attic")
    await fill(registers, "c")
    await registers.update("c", come("ada", "bob"), because())

    async def ids(**where: object) -> set[str]:
        wanted = {name.replace("__", "."): value for name, value in where.items()}
        found = await registers.find("icb-demo", wanted)
        assert await registers.count("icb-demo", wanted) == len(found.items)
        return {saved.id for saved in found.items}

    assert await ids(state__room="hall") == {"a"}
    assert await ids(facets__room={"$in": ["hall", "attic", "yard"]}) == {"a", "b"}
    assert await ids(facets__room={"$exists": False}) == {"c"}
    assert await ids(facets__marks="ada") == {"c"}
    assert await ids(facets__marks={"$in": ["bob", "cyd"]}) == {"c"}
    assert await ids(facets__size={"$gt": 1}) == {"c"}
    assert await ids(facets__size={"$gte": 0, "$lt": 2}) == {"a", "b"}
    assert await ids(state__room={"$ne": "hall"}) == {"b", "c"}
    assert await ids(state__room="hall", facets__size=1) == set()


async def test_a_filter_never_reaches_another_tenant(registers: Registers) -> None:
    there = Register(id="there", tenant=ELSEWHERE)
    await registers.insert("there", there, [], because(tenant=ELSEWHERE))

    page = await registers.find("icb-demo", {"tenant": ELSEWHERE})

    assert list(page.items) == []
    assert await registers.count("icb-demo", {"tenant": ELSEWHERE}) == 0
    assert await registers.count(ELSEWHERE) == 1


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"yesterday a",
        b"1772452800000",
        b"-99999999999999999 a",
        b"99999999999999999 a",
        b"9" * 5000 + b" a",
        b"\xff\xfe",
    ],
    ids=["empty", "no time", "no id", "too early", "too late", "no number", "not text"],
)
async def test_a_cursor_of_another_make_is_invalid(registers: Registers, end: bytes) -> None:
    await fill(registers, "a")

    with pytest.raises(Invalid) as raised:
        await registers.find("icb-demo", cursor=urlsafe_b64encode(end).decode())

    assert raised.value.errors[0].pointer == "/query/cursor"


@pytest.mark.parametrize("cursor", ["x", "not base64!", "\N{SNOWMAN}"])
async def test_a_cursor_that_is_not_base64_is_invalid(registers: Registers, cursor: str) -> None:
    with pytest.raises(Invalid):
        await registers.find("icb-demo", cursor=cursor)


async def test_many_are_read_by_id_and_missing_ones_left_out(registers: Registers) -> None:
    await fill(registers, "a", "b")

    found = await registers.get_many(["a", "b", "b", "c"], "icb-demo")

    assert {record_id: saved.state.id for record_id, saved in found.items()} == {
        "a": "a",
        "b": "b",
    }
    assert await registers.get_many([], "icb-demo") == {}


async def test_aggregations_are_mongodbs_alone(registers: Registers, backend: object) -> None:
    await fill(registers, "a", "b", room=None)
    pipeline: list[dict[str, Any]] = [{"$match": {"tenant": "icb-demo"}}, {"$sort": {"_id": 1}}]

    if isinstance(backend, Database):
        documents = await registers.aggregate(pipeline)
        assert [registers.read_document(each).state.id for each in documents] == ["a", "b"]
    else:
        with pytest.raises(Unavailable):
            await registers.aggregate(pipeline)
