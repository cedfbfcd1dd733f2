"""What becomes of each person's referral: most are helped as hoped, some are not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate, pairwise


class Intake(Enum):
    """How the link-worker team answers the practice; the value is how the summary says it."""

    ACCEPTED = "taken on by the link workers"
    WAITLISTED = "taken on from the link workers' waiting list"
    DECLINED = "declined by the link workers"
    WITHDRAWN = "withdrawn before the link workers answered"
    UNANSWERED = "never answered by the link workers: expired"


class Onward(Enum):
    """What the link worker finds for the person, and how that goes."""

    ACCEPTED = "supported by a community service"
    IN_GROUP = "came to a group session"
    WAITLISTED = "supported from a service's waiting list"
    STILL_WAITING = "still on a service's waiting list: reviewed after 28 days"
    DECLINED = "declined by a service, supported by another"
    UNANSWERED = "never answered by a service: expired, referred to another"
    CLOSED = "the service closed: referred to another"
    WITHDRAWN = "stopped after the first time"
    NEVER_CAME = "missed three appointments: ended by a worker"
    UNREACHABLE = "could not be reached by three attempts: ended by a worker"
    CONSENT_WITHDRAWN = "took back their consent to share"
    DIED = "died: nothing more is sent, all that was open ended"
    SIGNPOSTED = "given information, followed up"


COMES_BACK = frozenset({Onward.UNANSWERED, Onward.CLOSED, Onward.STILL_WAITING, Onward.SIGNPOSTED})
"""What goes on once weeks have passed."""

CUT_SHORT = frozenset({Onward.CONSENT_WITHDRAWN, Onward.DIED})
"""What ends everything else."""


@dataclass(frozen=True, slots=True)
class Path:
    """One person's way; without ``onward`` it ends before a link worker is met."""

    intake: Intake
    onward: Onward | None
    referred_twice: bool = False
    """The practice refers again by mistake and is told of the referral there is."""
    case_ends: bool = False
    """The link worker closes the case; else support goes on."""

    @property
    def words(self) -> str:
        """How the summary says it."""
        return self.intake.value if self.onward is None else self.onward.value

    @property
    def comes_back(self) -> bool:
        """Whether it goes on once weeks have passed."""
        return self.intake is Intake.UNANSWERED or self.onward in COMES_BACK


_SHARES: Sequence[tuple[int, Path]] = (
    (4, Path(Intake.DECLINED, None)),
    (3, Path(Intake.WITHDRAWN, None)),
    (3, Path(Intake.UNANSWERED, None)),
    (6, Path(Intake.WAITLISTED, Onward.ACCEPTED)),
    (8, Path(Intake.ACCEPTED, Onward.SIGNPOSTED)),
    (7, Path(Intake.ACCEPTED, Onward.DECLINED)),
    (5, Path(Intake.ACCEPTED, Onward.WAITLISTED)),
    (4, Path(Intake.ACCEPTED, Onward.STILL_WAITING)),
    (5, Path(Intake.ACCEPTED, Onward.UNANSWERED)),
    (4, Path(Intake.ACCEPTED, Onward.CLOSED)),
    (4, Path(Intake.ACCEPTED, Onward.WITHDRAWN)),
    (4, Path(Intake.ACCEPTED, Onward.NEVER_CAME)),
    (3, Path(Intake.ACCEPTED, Onward.UNREACHABLE)),
    (1, Path(Intake.ACCEPTED, Onward.CONSENT_WITHDRAWN)),
    (1, Path(Intake.ACCEPTED, Onward.DIED)),
    (6, Path(Intake.ACCEPTED, Onward.IN_GROUP)),
    (32, Path(Intake.ACCEPTED, Onward.ACCEPTED)),
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
            case_ends=path.onward is not None
            and path.onward not in CUT_SHORT
            and chance.random() < _CASE_ENDS,
        )
        for number, path in enumerate(paths)
    ]


def _nearest(number: float) -> int:
    return int(number + 0.5)
