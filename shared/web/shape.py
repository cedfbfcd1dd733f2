"""Bounds on what a JSON body may be before anything is built from it.

Deep nesting and millions of tiny values cost far more memory and time than their bytes
(OWASP API Security 2023, API4: unrestricted resource consumption).
"""

from __future__ import annotations

import re

from shared.errors import Invalid, TooLarge

# A string, also one that never ends: each byte is looked at once, whatever was sent.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+\\?(?:"|\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENING = frozenset(b"[{")


def check_shape(body: bytes, *, depth: int, values: int) -> None:
    """Raise Invalid where ``body`` is nested deeper than ``depth``, TooLarge beyond ``values``.

    A value is a member of an object or an item of a list; an empty object or list counts as
    one more. Whether it is JSON at all is for the parser to say.
    """
    # Counted with what stands inside strings, which can only be too much: nearly every body
    # is let through by these three counts, at a fraction of a microsecond.
    opened = body.count(b"{") + body.count(b"[")
    if opened <= depth and opened + body.count(b",") <= values:
        return
    bare = _STRING.sub(b"", body)
    opened = bare.count(b"{") + bare.count(b"[")
    if opened + bare.count(b",") > values:
        raise TooLarge(
            f"The request body must not hold more than {values} values.", {"max_values": values}
        )
    if opened > depth and _deeper(bare.translate(None, _NOT_BRACKETS), depth):
        raise Invalid(
            f"The body must not be nested deeper than {depth} levels.", {"max_depth": depth}
        )


def _deeper(brackets: bytes, most: int) -> bool:
    level = 0
    for bracket in brackets:
        if bracket in _OPENING:
            level += 1
            if level > most:
                return True
        else:
            level -= 1
    return False
