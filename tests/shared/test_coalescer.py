"""Merging concurrent calls: who gets which outcome, whatever happens to the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.coalesce import Coalescer
from shared.errors import Unavailable


class Doubling:
    """A flush that notes its batches, waits to be let through, and refuses some items."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: BaseException | None = None

    async def flush(self, items: Sequence[int]) -> Sequence[int | BaseException]:
        self.batches.append(list(items))
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        if 13 in items:
            raise OverflowError("One item spoils it.")
        return [ValueError("odd") if item % 2 else item * 2 for item in items]


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


@pytest.fixture
def coalescer(doubling: Doubling) -> Coalescer[int, int]:
    return Coalescer(doubling.flush, limit=4)


async def test_calls_at_once_go_as_one_batch(
    doubling: Doubling, coalescer: Coalescer[int, int]
) -> None:
    assert await asyncio.gather(*(coalescer(n) for n in (2, 4, 6))) == [4, 8, 12]
    assert doubling.batches == [[2, 4, 6]]


async def test_what_comes_during_a_batch_goes_as_the_next(
    doubling: Doubling, coalescer: Coalescer[int, int]
) -> None:
    doubling.gate.clear()
    first = asyncio.create_task(coalescer(2))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(coalescer(n)) for n in (4, 6)]
    await asyncio.sleep(0.01)
    assert doubling.batches == [[2]]

    doubling.gate.set()

    assert await asyncio.gather(first, *others) == [4, 8, 12]
    assert doubling.batches == [[2], [4, 6]]


async def test_a_batch_has_a_limit(doubling: Doubling, coalescer: Coalescer[int, int]) -> None:
    await asyncio.gather(*(coalescer(n) for n in range(0, 18, 2)))

    assert [len(batch) for batch in doubling.batches] == [4, 4, 1]


async def test_an_error_of_one_item_is_its_callers_alone(
    coalescer: Coalescer[int, int],
) -> None:
    results = await asyncio.gather(*(coalescer(n) for n in (2, 3, 4)), return_exceptions=True)

    assert [results[0], results[2]] == [4, 8]
    assert isinstance(results[1], ValueError)


async def test_a_batch_that_gets_no_answer_fails_for_all_and_is_not_tried_apart(
    doubling: Doubling, coalescer: Coalescer[int, int]
) -> None:
    doubling.fails = Unavailable("The database did not answer.")

    results = await asyncio.gather(*(coalescer(n) for n in (2, 4, 6)), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable] * 3
    assert doubling.batches == [[2, 4, 6]]
    doubling.fails = None
    assert await coalescer(8) == 16


async def test_an_item_that_spoils_the_batch_spoils_it_for_no_one_else(
    coalescer: Coalescer[int, int],
) -> None:
    results = await asyncio.gather(*(coalescer(n) for n in (2, 13, 4)), return_exceptions=True)

    assert [results[0], results[2]] == [4, 8]
    assert isinstance(results[1], OverflowError)


@pytest.mark.parametrize("under_way", [True, False], ids=["under way", "waiting"])
async def test_a_caller_that_gives_up_disturbs_no_one(
    doubling: Doubling, coalescer: Coalescer[int, int], *, under_way: bool
) -> None:
    doubling.gate.clear()
    if not under_way:
        blocking = asyncio.create_task(coalescer(100))
        await asyncio.sleep(0.01)
    callers = [asyncio.create_task(coalescer(n)) for n in (2, 4, 6)]
    await asyncio.sleep(0.01)

    callers[1].cancel()
    await asyncio.sleep(0)
    doubling.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)

    assert [results[0], results[2]] == [4, 12]
    assert isinstance(results[1], asyncio.CancelledError)
    if not under_way:
        assert await blocking == 200
    assert await coalescer(8) == 16


async def test_a_caller_with_a_time_limit_does_not_wait_for_the_batch(
    doubling: Doubling, coalescer: Coalescer[int, int]
) -> None:
    doubling.gate.clear()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(coalescer(2), 0.01)

    doubling.gate.set()

    assert await coalescer(4) == 8


async def test_callers_are_told_when_the_work_itself_is_stopped(
    doubling: Doubling, coalescer: Coalescer[int, int]
) -> None:
    doubling.fails = asyncio.CancelledError()

    results = await asyncio.gather(*(coalescer(n) for n in range(0, 12, 2)), return_exceptions=True)

    assert [type(result) for result in results] == [asyncio.InvalidStateError] * 6
    doubling.fails = None
    assert await coalescer(8) == 16


async def test_callers_are_told_when_serving_them_one_by_one_is_stopped() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int]:
        if len(items) > 1:
            raise OverflowError("One item spoils it.")
        if items == [4]:
            raise asyncio.CancelledError
        return items

    coalescer: Coalescer[int, int] = Coalescer(flush)

    results = await asyncio.gather(*(coalescer(n) for n in (2, 4, 6)), return_exceptions=True)

    assert results[0] == 2
    assert [type(result) for result in results[1:]] == [asyncio.InvalidStateError] * 2


async def test_a_flush_that_gives_too_few_outcomes_leaves_no_one_waiting() -> None:
    async def short(items: Sequence[int]) -> Sequence[int]:
        return items[1:]

    coalescer: Coalescer[int, int] = Coalescer(short)

    results = await asyncio.wait_for(
        asyncio.gather(coalescer(2), coalescer(4), return_exceptions=True), 5
    )

    assert [type(result) for result in results] == [ValueError, ValueError]


async def test_a_batch_waits_for_company_only_while_batches_have_any() -> None:
    sizes: list[int] = []

    async def flush(batch: Sequence[int]) -> Sequence[int]:
        sizes.append(len(batch))
        await asyncio.sleep(0)
        return batch

    coalescer: Coalescer[int, int] = Coalescer(flush, gather=0.2)

    async def later(item: int, seconds: float) -> int:
        await asyncio.sleep(seconds)
        return await coalescer(item)

    # Nobody came before: three that are there go at once, and the next wait for each other.
    assert await asyncio.gather(*(coalescer(n) for n in range(3))) == [0, 1, 2]
    assert list(await asyncio.gather(later(3, 0.0), later(4, 0.05))) == [3, 4]
    # The last batch was of two: one who is alone does not wait.
    assert list(await asyncio.gather(later(5, 0.0), later(6, 0.05))) == [5, 6]
    assert sizes == [3, 2, 1, 1]
