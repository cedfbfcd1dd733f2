"""Which events wait behind a dead letter, and that they are let go in order."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Conflict
from shared.repair import LetterShelf, shelf
from tests.shared.repair.shop import Shop, event


async def test_only_what_may_be_mended_holds_back_the_later_events_of_its_key(bench: Shop) -> None:
    bench.records.faults = {"gone": "missing", "no": "refused", "odd": "bug"}
    unreadable = event("torn", 1).with_value(b"{")
    await bench.feed(
        event("gone", 1),
        event("no", 1),
        unreadable,
        event("odd", 1),
        event("well", 1),
    )
    bench.records.faults = {"gone": "missing"}
    await bench.feed(
        event("gone", 2),
        event("no", 2),
        event("torn", 2),
        event("odd", 2),
        event("well", 2),
    )
    assert bench.records.applied == [("well", 1), ("no", 2), ("torn", 2), ("well", 2)]
    assert await bench.statuses() == {
        0: "open",
        1: "open",
        2: "open",
        3: "open",
        5: "waiting",
        8: "waiting",
    }
    kept = [(await bench.letter(offset)).state for offset in (0, 1, 2, 3, 5)]
    assert [letter.error for letter in kept] == [
        "NotFound",
        "Conflict",
        "Invalid",
        "KeyError",
        "Waits",
    ]
    assert [letter.blocks for letter in kept] == [True, False, False, True, False]
    assert [letter.attempts for letter in kept] == [1, 1, 1, 3, 0]
    assert kept[0].event_type == "referral-created"
    assert "odd" not in kept[3].reason


async def test_after_a_replay_what_waited_follows_in_order_and_the_key_flows_again(
    bench: Shop,
) -> None:
    bench.records.faults = {"gone": "missing"}
    await bench.feed(*(event("gone", seq) for seq in (1, 2, 3)))
    await bench.feed(event("gone", 4))
    assert bench.records.applied == []

    with pytest.raises(Conflict, match=r"waits behind .*: replay or discard that one") as refused:
        await bench.replay(1)
    assert refused.value.context == {"behind": bench.id(0)}

    bench.records.faults = {}
    mended = await bench.replay(0)
    assert (mended.result, mended.released, mended.release_failed) == ("replayed", 3, 0)  # type: ignore[attr-defined]
    assert bench.records.applied == [("gone", 1), ("gone", 2), ("gone", 3), ("gone", 4)]
    assert set((await bench.statuses()).values()) == {"replayed"}

    await bench.feed(event("gone", 5))
    assert bench.records.of("gone") == [1, 2, 3, 4, 5]
    assert len(await bench.statuses()) == 4
    with pytest.raises(Conflict, match="replayed before"):
        await bench.replay(0)


async def test_a_replay_that_fails_says_why_and_what_waits_goes_on_waiting(bench: Shop) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(event("gone", 1), event("gone", 2))
    bench.records.faults = {"gone": "missing"}

    mended = await bench.replay(0)

    assert mended.result == "failed"  # type: ignore[attr-defined]
    letter = (await bench.letter(0)).state
    assert (letter.status, letter.error, letter.attempts) == ("open", "NotFound", 4)
    assert [(act.kind, act.by, act.reason) for act in letter.acts] == [
        ("replay_failed", "u-1", "mended")
    ]
    assert await bench.statuses() == {0: "open", 1: "waiting"}


async def test_one_that_fails_when_it_is_released_holds_back_those_behind_it(bench: Shop) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(*(event("gone", seq) for seq in (1, 2, 3)))

    mended = await bench.mender.discard(bench.id(0), bench.reader, by="u-1", reason="never existed")

    assert (mended.result, mended.released, mended.release_failed) == ("discarded", 0, 1)
    assert await bench.statuses() == {0: "discarded", 1: "open", 2: "waiting"}
    bench.records.faults = {}
    await bench.replay(1)
    assert bench.records.applied == [("gone", 2), ("gone", 3)]


async def test_a_discard_may_take_what_waits_along(bench: Shop) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(*(event("gone", seq) for seq in (1, 2, 3)))
    await bench.mender.discard(
        bench.id(0), bench.reader, by="u-1", reason="a test of the broker", waiting="discard"
    )
    assert await bench.statuses() == {0: "discarded", 1: "discarded", 2: "discarded"}
    bench.records.faults = {}
    await bench.feed(event("gone", 4))
    assert bench.records.applied == [("gone", 4)]


async def test_records_that_come_again_after_a_crash_neither_fail_twice_nor_overtake(
    bench: Shop,
) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(event("well", 1), event("gone", 1), event("gone", 2))
    bench.records.faults = {}
    await bench.go_on(again=3)
    assert bench.records.applied == [("well", 1)]
    assert await bench.statuses() == {1: "open", 2: "waiting"}


async def test_a_new_process_knows_which_keys_are_held(bench: Shop) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(event("gone", 1))
    bench.records.faults = {}
    bench.applier._shelf = LetterShelf(bench.letters)
    await bench.feed(event("gone", 2), event("well", 1))
    assert bench.records.applied == [("well", 1)]


async def test_the_line_of_one_key_is_bounded(bench: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_WAITING", 2)
    bench.records.faults = {"gone": "bug"}
    await bench.feed(*(event("gone", seq) for seq in (1, 2, 3)))
    bench.records.faults = {}
    await bench.feed(event("gone", 4))
    assert bench.records.applied == [("gone", 4)]
    assert await bench.statuses() == {0: "open", 1: "waiting", 2: "waiting"}


async def test_two_who_replay_the_same_letter_apply_it_once_and_in_order(bench: Shop) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(*(event("gone", seq) for seq in range(1, 8)))
    bench.records.faults = {}
    rival = type(bench.mender)(
        bench.letters, bench.mender.appliers, bench.settings, bench.mender.now
    )
    async with rival.reading() as reader:
        said = await asyncio.gather(
            bench.replay(0),
            rival.replay(bench.id(0), reader, by="u-2"),
            return_exceptions=True,
        )
    assert sum(isinstance(each, Conflict) for each in said) == 1
    # Whoever came second left the line to the first, or went on with it.
    async with rival.reading() as reader:
        await rival.release((await bench.letter(0)).state.lane, reader, by="u-2")
    assert bench.records.of("gone") == [1, 2, 3, 4, 5, 6, 7]


async def test_what_waits_behind_nothing_any_more_is_released_by_itself(bench: Shop) -> None:
    bench.records.faults = {"gone": "bug"}
    await bench.feed(event("gone", 1), event("gone", 2))
    bench.records.faults = {}
    # The process that replayed the first died before it let the second go.
    await bench.mender._apply(bench.id(0), bench.reader, by="u-1", reason="", released=False)
    assert await bench.statuses() == {0: "replayed", 1: "waiting"}

    await bench.repair._sweep()

    assert bench.records.of("gone") == [1, 2]
    assert await bench.statuses() == {0: "replayed", 1: "replayed"}


async def test_once_what_was_missing_has_come_the_line_moves_by_itself(bench: Shop) -> None:
    bench.records.faults = {"gone": "missing"}
    await bench.feed(event("gone", 1), event("gone", 2))
    await bench.feed(event("gone", 3))
    assert await bench.statuses() == {0: "open", 1: "waiting", 2: "waiting"}
    bench.records.faults = {}

    await bench.feed(event("gone", 4))
    assert bench.records.of("gone") == [4]
    await bench.repair._try_again()

    assert bench.records.of("gone") == [4, 1, 2, 3]
    assert set((await bench.statuses()).values()) == {"replayed"}
    assert (await bench.letter(0)).state.acts[0].by == "repair"
