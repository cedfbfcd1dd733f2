"""Token buckets: so many at once, so many a second, and no memory without end."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from shared import buckets
from shared.buckets import Buckets, Level, Limit, Rate

RATE = Rate(per_second=2, burst=3)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own(clock: Clock) -> Buckets:
    return Buckets(clock)


def test_a_burst_is_had_at_once_and_then_one_waits_for_the_next(own: Buckets) -> None:
    assert [own.take("a", RATE) for _ in range(4)] == [
        Level(RATE, 2, 0.0),
        Level(RATE, 1, 0.0),
        Level(RATE, 0, 0.0),
        Level(RATE, 0, 0.5),
    ]


def test_what_was_taken_comes_back_with_time_and_never_more_than_the_burst(
    own: Buckets, clock: Clock
) -> None:
    for _ in range(3):
        own.take("a", RATE)
    clock.now += 0.5
    assert own.take("a", RATE).wait == 0
    assert own.take("a", RATE).wait == 0.5
    clock.now += 3_600
    assert [own.take("a", RATE).wait for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_refused_request_takes_nothing(own: Buckets, clock: Clock) -> None:
    for _ in range(3 + 100):
        own.take("a", RATE)
    clock.now += 0.5
    assert own.take("a", RATE).wait == 0


def test_one_bucket_does_not_empty_another(own: Buckets) -> None:
    for _ in range(4):
        own.take("a", RATE)
    assert own.take("b", RATE).left == 2


def test_looking_takes_nothing(own: Buckets) -> None:
    assert [own.look("a", RATE).left for _ in range(9)] == [3] * 9
    for _ in range(3):
        own.take("a", RATE)
    assert own.look("a", RATE) == Level(RATE, 0, 0.5)


def test_buckets_are_bounded_and_full_ones_go_first(
    own: Buckets, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "_MOST_KEYS", 10)
    for n in range(9):
        own.take(f"long-ago-{n}", RATE)
    clock.now += 60
    for _ in range(3):
        own.take("now", RATE)
    for n in range(200):
        own.take(f"made-up-{n}", RATE)
        assert len(own._full_at) <= 10
    assert own.take("now", RATE).wait == 0.5


@pytest.mark.parametrize(
    ("given", "meant"),
    [("20/100", Rate(20, 100)), ("0.5/1", Rate(0.5, 1)), ("off", None)],
)
def test_a_limit_is_given_as_requests_a_second_and_at_once(given: str, meant: Rate | None) -> None:
    assert TypeAdapter(Limit).validate_python(given) == meant


@pytest.mark.parametrize("given", ["", "20", "20/", "0/5", "5/0", "-1/5", "inf/5", "nan/5", "a/b"])
def test_anything_else_is_no_limit_and_says_so(given: str) -> None:
    with pytest.raises(ValidationError, match="such as `20/100`"):
        TypeAdapter(Limit).validate_python(given)
