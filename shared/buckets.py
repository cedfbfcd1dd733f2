"""Token buckets: how much may be asked for at once, and how fast it comes back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

_MOST_KEYS = 50_000
"""Buckets kept; a full one is forgotten first, as it says what none would."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` requests at once, and ``per_second`` more each second."""

    per_second: float
    burst: int

    @classmethod
    def read(cls, given: object) -> object:
        """`20/100` is 20 a second and 100 at once; `off` is no limit."""
        if not isinstance(given, str):
            return given
        if given == "off":
            return None
        per_second, slash, burst = given.partition("/")
        try:
            rate = cls(float(per_second), int(burst))
        except ValueError:
            slash = ""
        if not slash or not 0 < rate.per_second < math.inf or rate.burst < 1:
            raise ValueError("must be `off`, or requests a second and at once, such as `20/100`")
        return rate


Limit: TypeAlias = Annotated[Rate | None, NoDecode, BeforeValidator(Rate.read)]
"""A Rate as a setting, or None where there is no limit."""


class Level(NamedTuple):
    """A bucket after something was asked of it: ``left`` may be had now."""

    rate: Rate
    left: int
    wait: float
    """Seconds until one more may be had; 0 where this was had."""


class Buckets:
    """Buckets by key, in this process's memory: each replica has its own.

    Kept as the moment at which each will be full (the generic cell rate algorithm, GCRA): one
    number, and no work while nothing is asked.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: dict[Hashable, float] = {}

    def take(self, key: Hashable, rate: Rate) -> Level:
        """Take one, if there is one."""
        now = self._clock()
        gone = max(self._full_at.get(key, now) - now, 0.0) * rate.per_second
        if gone + 1 > rate.burst:
            return Level(rate, 0, (gone + 1 - rate.burst) / rate.per_second)
        if len(self._full_at) >= _MOST_KEYS:
            self._forget(now)
        self._full_at[key] = now + (gone + 1) / rate.per_second
        return Level(rate, int(rate.burst - gone - 1), 0.0)

    def look(self, key: Hashable, rate: Rate) -> Level:
        """How it stands; takes nothing."""
        if key not in self._full_at:
            return Level(rate, rate.burst, 0.0)
        now = self._clock()
        gone = max(self._full_at.get(key, now) - now, 0.0) * rate.per_second
        wait = max(gone + 1 - rate.burst, 0.0) / rate.per_second
        return Level(rate, max(int(rate.burst - gone), 0), wait)

    def _forget(self, now: float) -> None:
        """Full buckets go, or where there are few the half that is full soonest."""
        kept = {key: at for key, at in self._full_at.items() if at > now}
        if len(kept) > _MOST_KEYS // 2:
            latest = sorted(kept.items(), key=lambda each: each[1])[-_MOST_KEYS // 2 :]
            kept = dict(latest)
        self._full_at = kept
