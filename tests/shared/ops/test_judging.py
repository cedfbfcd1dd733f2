"""How a consumer is judged by a window of its offsets; every verdict worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.bus.offsets import Place
from shared.ops.judging import Sample, Status, judge, worst

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def window(*offsets: tuple[int, int]) -> list[Sample]:
    """Samples three seconds apart of (committed, end)."""
    return [
        Sample(START + timedelta(seconds=3 * n), Place(committed, end))
        for n, (committed, end) in enumerate(offsets)
    ]


STANDS = [(40, 50)] * 10
MOVES = [(40 + n, 60) for n in range(10)]
FALLS_BEHIND = [(40 + n, 60 + 2 * n) for n in range(10)]


@pytest.mark.parametrize(
    ("offsets", "held", "status"),
    [
        ([], True, Status.OK),
        ([(50, 50)] * 10, False, Status.OK),
        (STANDS, True, Status.STALLED),
        (STANDS, None, Status.STALLED),
        (STANDS, False, Status.STOPPED),
        (STANDS[:9], False, Status.OK),
        ([(50, 50), *STANDS[1:]], False, Status.REWOUND),
        ([(40, 40), *STANDS[1:]], True, Status.OK),
        (MOVES, True, Status.OK),
        (MOVES, False, Status.OK),
        (FALLS_BEHIND, True, Status.OK),
        ([*MOVES[:9], (10, 60)], True, Status.REWOUND),
        ([(40, 50 + n) for n in range(10)], True, Status.STALLED),
    ],
)
def test_a_status_follows_from_the_window_and_not_from_a_threshold(
    *, offsets: list[tuple[int, int]], held: bool | None, status: Status
) -> None:
    assert judge(window(*offsets), is_held=held).status is status


def test_a_verdict_says_why() -> None:
    stalled = judge(window(*STANDS), is_held=True)
    assert stalled.reason == (
        "10 records wait at offset 40, none finished for 27 s, though a member holds the partition"
    )
    rewound = judge(window((50, 50), (20, 50)), is_held=True)
    assert rewound.reason == "went back from offset 50 to 20"


def test_growing_is_told_apart_from_merely_being_behind() -> None:
    assert judge(window(*FALLS_BEHIND), is_held=True).is_growing
    assert not judge(window(*MOVES), is_held=True).is_growing


def test_a_group_is_as_well_as_its_worst_partition() -> None:
    assert worst([Status.OK, Status.STALLED, Status.REWOUND]) is Status.STALLED
    assert worst([Status.STALLED, Status.STOPPED]) is Status.STOPPED
    assert worst([]) is Status.OK
