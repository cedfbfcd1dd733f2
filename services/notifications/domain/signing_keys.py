"""The keys that sign one subscription's webhooks, and how they are changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from services.notifications.domain.frozen import Frozen

Signature = Literal["hmac", "ed25519"]
"""How webhooks are signed: with a secret that both sides hold, or with a key of Linkway's own."""

OVERLAP = timedelta(hours=24)
"""How long the key before still signs beside the new one."""

MOST_KEYS = 3
"""Keys that sign at once, however often they are changed within a day."""


class SigningKey(Frozen):
    """One key. ``sealed`` is encrypted; ``public`` is what checks an ed25519 signature.

    ``until`` is when it signs no more; the key in force has none.
    """

    id: str
    signature: Signature
    sealed: str = Field(repr=False)
    public: str | None = None
    until: AwareDatetime | None = None


def in_force(keys: Sequence[SigningKey], at: datetime) -> tuple[SigningKey, ...]:
    """The keys that sign at this time, the newest first."""
    return tuple(key for key in keys if key.until is None or key.until > at)


def replace(keys: Sequence[SigningKey], new: SigningKey, at: datetime) -> tuple[SigningKey, ...]:
    """The keys once ``new`` is in force: those before it go on signing for the overlap."""
    ending = (
        key if key.until is not None else key.model_copy(update={"until": at + OVERLAP})
        for key in in_force(keys, at)
    )
    return (new, *ending)[:MOST_KEYS]
