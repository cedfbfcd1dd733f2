from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import Clock


def test_a_clock_shows_the_present_until_it_is_moved() -> None:
    before = datetime.now(UTC)
    shown = Clock().now()
    assert before <= shown <= datetime.now(UTC)


def test_a_clock_that_was_moved_goes_on_from_there() -> None:
    clock = Clock()
    clock.advance(timedelta(days=14))
    clock.advance(timedelta(hours=1))
    ahead = clock.now() - datetime.now(UTC)
    assert timedelta(days=14, minutes=59) < ahead <= timedelta(days=14, hours=1)
    assert clock.ahead == timedelta(days=14, hours=1)


def test_a_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(timedelta(seconds=-1))
