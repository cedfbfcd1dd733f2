"""Repairs of many letters: which are meant, how quickly, and taken up after a crash."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import NotFound
from shared.repair import Chosen, Run
from shared.repair.letter import PLATFORM
from tests.shared.repair.shop import Shop, event


def run(as_of: datetime, **more: Any) -> Run:
    given: dict[str, Any] = {
        "kind": "replay",
        "chosen": Chosen(),
        "as_of": as_of,
        "reason": "mended by a release",
        "rate": 1_000.0,
        "by": "u-1",
        "total": 0,
        "started_at": datetime.now(UTC) - timedelta(seconds=1),
        **more,
    }
    return Run(**given)


async def done(bench: Shop, run_id: str) -> Run:
    """The repair once its worker has ended it."""
    for saved in await bench.repair.runs.claim_due(datetime.now(UTC), timedelta(seconds=30), 10):
        await bench.repair._work_off(saved.id)
    return (await bench.repair.runs.get(run_id, PLATFORM)).state


async def test_a_trial_run_tells_what_is_meant_and_changes_nothing(bench: Shop) -> None:
    bench.records.faults = {"a": "bug", "b": "bug", "c": "refused"}
    torn = event("d", 1).with_value(b"{")
    await bench.feed(event("a", 1), event("b", 1), event("c", 1), torn, event("a", 2))
    bench.records.faults = {}

    foreseen = await bench.repair.foresee(Chosen(), look=True)

    assert (foreseen.total, foreseen.waiting) == (4, 1)
    assert {(each.error, each.count) for each in foreseen.tallies} == {
        ("KeyError", 2),
        ("Conflict", 1),
        ("Invalid", 1),
    }
    told = {said.split(":")[0]: count for said, count in foreseen.checked.items()}
    assert told == {"would be applied": 3, "still cannot be read": 1}
    assert bench.records.applied == []
    only = await bench.repair.foresee(Chosen(error="Conflict"), look=False)
    assert (only.total, only.checked) == (1, {})


async def test_a_repair_mends_what_was_meant_and_leaves_what_came_later(bench: Shop) -> None:
    bench.records.faults = {"a": "bug", "b": "bug", "c": "refused"}
    await bench.feed(event("a", 1), event("b", 1), event("c", 1), event("a", 2))
    as_of = (await bench.repair.foresee(Chosen(error="KeyError"), look=False)).as_of
    await asyncio.sleep(0.01)
    bench.records.faults["e"] = "bug"
    await bench.feed(event("e", 1))
    bench.records.faults = {"b": "missing"}

    began = await bench.repair.begin("run-1", run(as_of, chosen=Chosen(error="KeyError")))
    assert began.state.total == 2
    ended = await done(bench, "run-1")

    assert (ended.done, ended.failed, ended.passed_over, ended.released) == (1, 1, 0, 1)
    assert ended.status == "ended"
    assert bench.records.applied == [("a", 1), ("a", 2)]
    assert await bench.statuses() == {
        0: "replayed",
        1: "open",
        2: "open",
        3: "replayed",
        4: "open",
    }
    # The same again, under the same id or another, applies nothing twice.
    assert (await bench.repair.begin("run-1", run(as_of))).state == ended
    bench.records.faults = {}
    await bench.repair.begin("run-2", run(as_of))
    assert (await done(bench, "run-2")).done == 2
    assert bench.records.applied == [("a", 1), ("a", 2), ("b", 1), ("c", 1)]


async def test_a_repair_goes_on_where_a_dead_process_left_it(
    bench: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.records.faults = dict.fromkeys("abcd", "refused")
    await bench.feed(*(event(name, 1) for name in "abcd"))
    bench.records.faults = {}
    await bench.repair.begin("run-1", run(datetime.now(UTC)))
    replay = bench.mender.replay

    async def dying(letter_id: str, *given: Any, **more: Any) -> Any:
        if letter_id == bench.id(2):
            raise asyncio.CancelledError
        return await replay(letter_id, *given, **more)

    monkeypatch.setattr(bench.mender, "replay", dying)
    with pytest.raises(asyncio.CancelledError):
        await bench.repair._work_off("run-1")
    monkeypatch.undo()
    now = datetime.now(UTC)
    lease = timedelta(seconds=30)
    assert await bench.repair.runs.claim_due(now, lease, 10) == []
    (saved,) = await bench.repair.runs.claim_due(now + lease, lease, 10)
    await bench.repair._work_off(saved.id)

    ended = (await bench.repair.runs.get("run-1", PLATFORM)).state
    assert (ended.done, ended.failed, ended.total) == (4, 0, 4)
    assert bench.records.applied == [("a", 1), ("b", 1), ("c", 1), ("d", 1)]


async def test_a_repair_keeps_to_its_rate(bench: Shop) -> None:
    bench.records.faults = dict.fromkeys("abcdef", "refused")
    await bench.feed(*(event(name, 1) for name in "abcdef"))
    bench.records.faults = {}
    await bench.repair.begin("run-1", run(datetime.now(UTC), rate=10.0))
    began = asyncio.get_running_loop().time()
    await done(bench, "run-1")
    # Six records at ten a second: five pauses of a tenth lie between them.
    assert asyncio.get_running_loop().time() - began >= 0.5
    assert len(bench.records.applied) == 6


async def test_the_figures_count_open_letters_by_reason(bench: Shop) -> None:
    bench.records.faults = {"a": "bug", "c": "refused"}
    await bench.feed(event("a", 1), event("c", 1), event("a", 2))
    await bench.repair._measure()
    metrics = bench.repair._metrics
    assert metrics.dlq_open.labels(bench.group, "referral-created", "KeyError")._value.get() == 1
    assert metrics.dlq_open.labels(bench.group, "referral-created", "Conflict")._value.get() == 1
    assert metrics.dlq_waiting._value.get() == 1
    assert 0 < metrics.dlq_oldest_seconds._value.get() < 60


async def test_a_record_gone_from_its_topic_is_given_back_by_its_copy(
    bench: Shop, *, kafka_is_tansu: bool
) -> None:
    bench.records.faults = {"a": "refused"}
    await bench.feed(event("a", 1))
    letter = (await bench.letter(0)).state
    gone = letter.model_copy(update={"offset": 1_000_000})

    found = await bench.mender.record_of(gone, bench.reader)

    original = await bench.reader.at(bench.topic, 0, 0)
    assert (found.key, found.value) == (original.key, original.value)
    assert list(found.headers) == list(original.headers)
    without = gone.model_copy(update={"copy_offset": None})
    if not kafka_is_tansu:
        with pytest.raises(NotFound, match="on its topic no more"):
            await bench.mender.record_of(without, bench.reader)
