"""What becomes of each person's referral: most are helped as hoped, some are not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import accumulate, pairwise


class Intake(Enum):
    """How the link-worker team answers the practice."""

    ACCEPTED = auto()
    WAITLISTED = auto()
    """Put on the waiting list, accepted later."""
    DECLINED = auto()
    WITHDRAWN = auto()
    """The person thinks better of it before the team has answered."""


class Onward(Enum):
    """What the link worker finds for the person, and how that goes."""

    ACCEPTED = auto()
    WAITLISTED = auto()
    """The group has no place yet, and then one."""
    DECLINED = auto()
    """The first group declines, another takes the person."""
    WITHDRAWN = auto()
    """The person stops after the first time."""
    SIGNPOSTED = auto()
    """Information is enough."""


@dataclass(frozen=True, slots=True)
class Path:
    """One person's way; without ``onward`` it ends before a link worker is met."""

    intake: Intake
    onward: Onward | None
    referred_twice: bool = False
    """The practice refers again by mistake and is told of the referral there is."""
    case_ends: bool = False
    """The link worker closes the case; else support goes on."""


_SHARES: Sequence[tuple[int, Path]] = (
    (5, Path(Intake.DECLINED, None)),
    (3, Path(Intake.WITHDRAWN, None)),
    (7, Path(Intake.WAITLISTED, Onward.ACCEPTED)),
    (8, Path(Intake.ACCEPTED, Onward.SIGNPOSTED)),
    (10, Path(Intake.ACCEPTED, Onward.DECLINED)),
    (8, Path(Intake.ACCEPTED, Onward.WAITLISTED)),
    (5, Path(Intake.ACCEPTED, Onward.WITHDRAWN)),
    (54, Path(Intake.ACCEPTED, Onward.ACCEPTED)),
)
"""Of a hundred people, how many go which way."""

_REFERRED_TWICE = 0.06
_CASE_ENDS = 0.8


def plan_paths(people: int, seed: int) -> Sequence[Path]:
    """A path for each person: the shares above to the nearest person, in a seeded order."""
    chance = random.Random(seed)  # noqa: S311 - a plan wants a seed, not secrecy
    ends = [_nearest(people * share / 100) for share in accumulate(n for n, _ in _SHARES)]
    counts = [after - before for before, after in pairwise([0, *ends])]
    paths = [path for (_, path), n in zip(_SHARES, counts, strict=True) for _ in range(n)]
    chance.shuffle(paths)
    twice = set(chance.sample(range(people), max(1, _nearest(people * _REFERRED_TWICE))))
    return [
        replace(
            path,
            referred_twice=number in twice,
            case_ends=path.onward is not None and chance.random() < _CASE_ENDS,
        )
        for number, path in enumerate(paths)
    ]


def _nearest(number: float) -> int:
    return int(number + 0.5)
