"""The chain on a real MongoDB: whoever tampers with it is found, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.audit.chain import ARCHIVED, Anchor, Verdict, Walk, archive_detail, verify
from shared.audit.journal import Journal
from shared.audit.lines import Entry, Touched, Who, entries, first_link, link, read_line
from shared.audit.sheets import Head, Sheet
from shared.store import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNE = Who("icb-a", "worker-1", "link_worker", "team-org", "CAREMGT", "request-1")


def line(record_id: str, who: Who = ANNE, **more: Any) -> Entry:
    (entry,) = entries(who, "read", NOON, [Touched("persons", record_id, (record_id,))], **more)
    return entry


def journal_in(database: Database) -> Journal:
    return Journal(database.book(), "things", lambda: NOON)


async def written(database: Database, *sizes: int) -> Journal:
    """One sheet of each of these sizes, lines about p1, p2, … in turn."""
    journal, number = journal_in(database), 0
    for size in sizes:
        await journal.write([line(f"p{number + n}") for n in range(1, size + 1)])
        number += size
    return journal


async def found(database: Database, *anchors: Anchor) -> Verdict:
    return await verify(database.book().walk(), "things", anchors)


async def in_audit(database: Database, command: dict[str, Any]) -> None:
    """What whoever has the database's administrator's rights may do."""
    await database.command(command, database=f"{database.name}-audit")


async def tamper(database: Database, first: int, change: dict[str, Any]) -> None:
    await in_audit(
        database, {"update": "sheets", "updates": [{"q": {"_id": first}, "u": {"$set": change}}]}
    )


async def take_away(database: Database, first: int) -> None:
    deletes = [{"q": {"_id": first}, "limit": 1}]
    await in_audit(database, {"delete": "sheets", "deletes": deletes})


async def sheets_of(database: Database) -> list[Sheet]:
    return [sheet async for sheet in database.book().walk()]


def anchor(sheet: Sheet) -> Anchor:
    return Anchor("things", sheet.last, sheet.hashes[-1], NOON)


def test_a_line_s_hash_covers_the_line_before_its_number_and_its_text() -> None:
    # By sha256sum of 64 zeros, "7" and "{}", a line each.
    expected = "7c8fa0f23639473d22932b8441d6db47418b191e4afc8b5ef3efba875220f47f"
    assert link("0" * 64, 7, "{}") == expected


async def test_an_untouched_chain_verifies_from_its_first_line_to_its_last(
    database: Database,
) -> None:
    await written(database, 3, 1, 2)
    sheets = await sheets_of(database)
    assert [(sheet.first, sheet.last) for sheet in sheets] == [(1, 3), (4, 4), (5, 6)]
    verdict = await found(database, anchor(sheets[1]), anchor(sheets[2]))
    assert (verdict.first, verdict.head.line, verdict.finding) == (1, 6, None)
    assert verdict.anchors == 2


async def test_an_altered_line_is_named(database: Database) -> None:
    await written(database, 3, 2)
    lines = list((await sheets_of(database))[0].lines)
    lines[1] = lines[1].replace("worker-1", "worker-2")
    await tamper(database, 1, {"lines": lines})
    finding = (await found(database)).finding
    assert finding is not None
    assert (finding.line, finding.what) == (2, "line 2 was altered")


async def test_lines_in_another_order_are_named(database: Database) -> None:
    await written(database, 3, 2)
    one, two, three = (await sheets_of(database))[0].lines
    await tamper(database, 1, {"lines": [one, three, two]})
    finding = (await found(database)).finding
    assert finding is not None
    assert finding.line == 2
    assert finding.what == "line 2 was put where line 3 is: lines were reordered"


async def test_removed_lines_are_named(database: Database) -> None:
    await written(database, 3, 2, 1)
    await take_away(database, 4)
    finding = (await found(database)).finding
    assert finding is not None
    assert (finding.line, finding.what) == (4, "lines 4 to 5 were removed")


async def test_a_line_taken_out_of_a_sheet_is_noticed(database: Database) -> None:
    await written(database, 3, 2)
    sheet = (await sheets_of(database))[0]
    await tamper(database, 1, {"lines": sheet.lines[:2], "hashes": sheet.hashes[:2]})
    finding = (await found(database)).finding
    assert finding is not None
    assert finding.line == 3


async def test_lines_put_in_between_are_noticed(database: Database) -> None:
    await written(database, 3, 2)
    sheet = (await sheets_of(database))[0]
    await in_audit(
        database,
        {
            "insert": "sheets",
            "documents": [
                {
                    "_id": 2,
                    "at": NOON,
                    "before": sheet.hashes[0],
                    "lines": [line("p9").text],
                    "hashes": [link(sheet.hashes[0], 2, line("p9").text)],
                    "keys": sorted(line("p9").keys),
                }
            ],
        },
    )
    finding = (await found(database)).finding
    assert finding is not None
    assert finding.line == 2


async def test_a_sheet_rewritten_with_its_hashes_does_not_fit_the_next(database: Database) -> None:
    await written(database, 2, 2)
    first = (await sheets_of(database))[0]
    lines = [first.lines[0], first.lines[1].replace("worker-1", "worker-2")]
    one = link(first.before, 1, lines[0])
    await tamper(
        database,
        1,
        {
            "lines": lines,
            "hashes": [one, link(one, 2, lines[1])],
            "keys": [*first.keys, "by icb-a worker-2"],
        },
    )
    finding = (await found(database)).finding
    assert finding is not None
    assert finding.line == 2
    assert "line 2 is not the one that line 3 was written after" in finding.what


async def test_a_tail_cut_off_shows_against_an_anchor(database: Database) -> None:
    await written(database, 3, 2)
    last = anchor((await sheets_of(database))[1])
    await take_away(database, 4)
    assert (await found(database)).finding is None  # the database alone cannot tell
    finding = (await found(database, last)).finding
    assert finding is not None
    assert (finding.line, finding.what) == (4, "lines 4 to 5 were removed")


async def test_a_chain_written_anew_shows_against_an_anchor(database: Database) -> None:
    await written(database, 2, 2)
    anchors = [anchor(sheet) for sheet in await sheets_of(database)]
    await take_away(database, 3)
    await journal_in(database).write([line("p7"), line("p8")])
    finding = (await found(database, *anchors)).finding
    assert finding is not None
    assert finding.line == 3
    assert finding.what.startswith("lines 3 to 4 were replaced")


async def test_another_service_s_chain_is_not_this_one_s(database: Database) -> None:
    await written(database, 1)
    verdict = await verify(database.book().walk(), "others")
    assert verdict.finding is not None


async def test_lines_hidden_from_searches_are_noticed(database: Database) -> None:
    await written(database, 2)
    await tamper(database, 1, {"keys": ["by icb-a worker-1", "on icb-a p1"]})
    finding = (await found(database)).finding
    assert finding is not None
    assert finding.what == "lines 1 to 2 were hidden from searches"


async def test_an_archived_beginning_is_accounted_for_by_a_later_line(database: Database) -> None:
    journal = await written(database, 3, 2)
    through = Head(3, (await sheets_of(database))[0].hashes[-1])
    detail = archive_detail(through, "ab" * 32)
    await journal.write(entries(ANNE, ARCHIVED, NOON, [], detail=detail))
    assert await database.book().strike(4) == 1
    verdict = await found(database)
    assert (verdict.first, verdict.head.line, verdict.finding) == (4, 6, None)


@pytest.mark.parametrize(
    "forge",
    [
        lambda head: replace(head, hash="0" * 64),
        lambda head: replace(head, line=2),
    ],
)
async def test_a_beginning_removed_without_its_archive_is_noticed(
    database: Database, forge: Callable[[Head], Head]
) -> None:
    journal = await written(database, 3, 2)
    through = forge(Head(3, (await sheets_of(database))[0].hashes[-1]))
    await journal.write(
        entries(ANNE, ARCHIVED, NOON, [], detail=archive_detail(through, "ab" * 32))
    )
    await database.book().strike(4)
    finding = (await found(database)).finding
    assert finding is not None
    assert finding.what == "lines 1 to 3 were removed, and no archive named"


async def test_replicas_that_write_at_once_make_one_chain(database: Database) -> None:
    replicas = [journal_in(database) for _ in range(3)]

    async def write(replica: Journal, n: int) -> list[int]:
        numbers = []
        for k in range(15):
            numbers.append(await replica.write([line(f"r{n}-{k}")]))
            await asyncio.sleep(0)
        return numbers

    each = await asyncio.gather(*(write(replica, n) for n, replica in enumerate(replicas)))
    assert sorted(number for numbers in each for number in numbers) == list(range(1, 46))
    assert all(numbers == sorted(numbers) for numbers in each)
    verdict = await found(database)
    assert (verdict.head.line, verdict.finding) == (45, None)


async def test_lines_that_wait_are_written_together(database: Database) -> None:
    journal = journal_in(database)
    numbers = await asyncio.gather(*(journal.write([line(f"p{n}")]) for n in range(50)))
    assert numbers == list(range(1, 51))
    # The first goes alone; those that came meanwhile go as one.
    assert [len(sheet.lines) for sheet in await sheets_of(database)] == [50]


async def test_a_line_reads_back_as_it_was_written(database: Database) -> None:
    await journal_in(database).write([line("p1", outcome="allowed", route="GET /things/{id}")])
    (sheet,) = await sheets_of(database)
    back = read_line(1, sheet.lines[0])
    assert (back.tenant, back.subject, back.role) == ("icb-a", "worker-1", "link_worker")
    assert (back.organisation, back.purpose, back.request_id) == (
        "team-org",
        "CAREMGT",
        "request-1",
    )
    assert (back.at, back.action, back.outcome) == (NOON, "read", "allowed")
    assert [(each.kind, each.id, each.about) for each in back.records] == [
        ("persons", "p1", ("p1",))
    ]
    assert set(sheet.keys) == {"by icb-a worker-1", "on icb-a p1"}


def test_a_long_list_is_cut_into_several_lines() -> None:
    touched = [Touched("referrals", f"r{n}") for n in range(450)]
    made = entries(ANNE, "read", NOON, touched)
    assert [len(read_line(1, entry.text).records) for entry in made] == [200, 200, 50]


def test_an_empty_chain_is_well() -> None:
    verdict = Walk("things").end()
    assert (verdict.head, verdict.finding) == (Head(0, first_link("things")), None)
