"""Small numbers are not shown, nor can they be worked out from what is.

A number below 5 is never published. Any other is moved by a small secret noise and rounded
to a multiple of 5. The noise depends on what is counted and on a secret of the tenant, not
on the asker, so asking again, in another order or from another scope gives no second draw.

Why nothing can be solved for: the noise has no upper bound short of some fifty, in either
direction, so every published number (and every suppressed one) would also be possible with
any number of cases more. No system of equations over them bounds a count from above.
``tests/outcomes/test_reports_attacker.py`` checks that and plays the attacker.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterable, Mapping, Sequence

LEAST = 5
"""The smallest number shown (the NHS and ONS rule of five)."""

BASE = 5
"""What numbers are rounded to."""

_SPREAD = 0.4
"""How fast the noise thins out: 0 in 43 of 100 draws, beyond 2 either way in 9."""

_ONE = 1 << 64


def publish(count: int, noise: int) -> int | None:
    """The number as shown; None where it is too small to be."""
    moved = count + noise
    if count < LEAST or moved < LEAST:
        return None
    return BASE * ((moved + BASE // 2) // BASE)


def noise_of(
    secret: str, conditions: Mapping[str, str], figure: Sequence[str], blocks: Iterable[str]
) -> int:
    """The noise of one published number: a two-sided geometric draw for each block of months."""
    named = [f"{name}={value}" for name, value in sorted(conditions.items())]
    return sum(_draw(secret, "\x1f".join([*figure, *named, block])) for block in blocks)


def blocks_of(months: Sequence[str]) -> tuple[str, ...]:
    """The whole years, quarters and single months that make up a run of months.

    Numbers of a run share their draws with every other run that holds the same block, so
    the difference of two runs is no more telling than the block between them.
    """
    blocks: list[str] = []
    left = list(months)
    while left:
        year, month = left[0].split("-")
        for size, first, name in (
            (12, month == "01", year),
            (3, int(month) % 3 == 1, f"{year}-Q{(int(month) + 2) // 3}"),
            (1, True, left[0]),
        ):
            if first and len(left) >= size:
                blocks.append(name)
                left = left[size:]
                break
    return tuple(blocks)


def _draw(secret: str, name: str) -> int:
    digest = hmac.digest(secret.encode(), name.encode(), "sha256")
    u = (int.from_bytes(digest[:8]) + 1) / (_ONE + 1)
    v = (int.from_bytes(digest[8:16]) + 1) / (_ONE + 1)
    return _geometric(u) - _geometric(v)


def _geometric(u: float) -> int:
    return math.floor(math.log(u) / math.log(_SPREAD))
