from __future__ import annotations

import pytest

from shared.testing import eventually


async def test_the_first_true_answer_is_given_back() -> None:
    answers = iter([0, None, "", "three"])
    assert await eventually(lambda: next(answers)) == "three"


async def test_a_coroutine_may_be_asked() -> None:
    answers = iter([False, True])

    async def check() -> bool:
        return next(answers)

    assert await eventually(check) is True


async def test_a_failed_assertion_means_not_yet() -> None:
    answers = iter([1, 2, 3])

    def check() -> bool:
        assert next(answers) == 3
        return True

    assert await eventually(check) is True


async def test_when_time_is_up_the_last_value_is_told() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.1 seconds; last: \[\]"):
        await eventually(list, within=0.1)


async def test_when_time_is_up_the_last_failed_assertion_is_raised() -> None:
    def check() -> bool:
        raise AssertionError("2 of 3 arrived")

    with pytest.raises(AssertionError, match="2 of 3 arrived"):
        await eventually(check, within=0.1)


async def test_any_other_error_is_raised_at_once() -> None:
    calls: list[None] = []

    def check() -> bool:
        calls.append(None)
        raise LookupError

    with pytest.raises(LookupError):
        await eventually(check)
    assert len(calls) == 1
