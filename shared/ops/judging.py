"""Is a consumer well? Judged by its offsets over a sliding window, without any threshold.

After LinkedIn's Burrow (its wiki, "Consumer Lag Evaluation Rules"), with two differences
that follow from looking at offsets every few seconds where Burrow hears of every commit:
going back is told before all else, since it cannot be seen for longer than the window
lasts; and whether a standstill is *stopped* or *stalled* is told by the group's members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from shared.bus.offsets import Place

WINDOW = 10
"""Samples in a window: Burrow's own number."""


class Status(StrEnum):
    """How a consumer does, the worst last."""

    OK = "ok"
    REWOUND = "rewound"
    """It went back, and applies again what it had applied."""
    STALLED = "stalled"
    """A member holds the partition and finishes nothing though records wait."""
    STOPPED = "stopped"
    """Records wait and no living member holds the partition."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A partition at one moment."""

    at: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, why in a sentence, and whether lag only grew over the whole window."""

    status: Status
    reason: str
    is_growing: bool = False


def judge(window: Sequence[Sample], *, is_held: bool | None) -> Verdict:
    """How a group does on one partition, from its samples, oldest first.

    ``is_held`` says whether a living member has the partition; None where that is unknown,
    which is taken for a yes.
    """
    for before, after in pairwise(sample.place.committed for sample in window):
        if after < before:
            return Verdict(Status.REWOUND, f"went back from offset {before} to {after}")
    lags = [sample.place.lag for sample in window]
    if not lags or not lags[-1]:
        return Verdict(Status.OK, "nothing waits")
    if 0 in lags:
        return Verdict(Status.OK, "caught up within the window")
    if len(window) < WINDOW:
        return Verdict(Status.OK, f"watched for {len(window)} of {WINDOW} samples so far")
    if window[0].place.committed == window[-1].place.committed:
        return _standstill(window, is_held=is_held)
    return _behind(window, lags)


def _standstill(window: Sequence[Sample], *, is_held: bool | None) -> Verdict:
    place = window[-1].place
    said = (
        f"{place.lag} records wait at offset {place.committed}, none finished for "
        f"{_seconds(window):.0f} s"
    )
    if is_held is False:
        return Verdict(Status.STOPPED, f"{said}, and no member holds the partition")
    return Verdict(Status.STALLED, f"{said}, though a member holds the partition")


def _behind(window: Sequence[Sample], lags: Sequence[int]) -> Verdict:
    """Records wait and others are finished: that is work, however slow."""
    is_growing = lags[-1] > lags[0] and all(after >= before for before, after in pairwise(lags))
    if is_growing:
        return Verdict(
            Status.OK, f"behind, and more so for {_seconds(window):.0f} s", is_growing=True
        )
    return Verdict(Status.OK, "behind, and at work")


def _seconds(window: Sequence[Sample]) -> float:
    return (window[-1].at - window[0].at).total_seconds()


def worst(statuses: Sequence[Status]) -> Status:
    """The worst of several; OK where there are none."""
    order = list(Status)
    return max(statuses, key=order.index, default=Status.OK)
