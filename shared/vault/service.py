"""A master key: it wraps data keys, and never leaves where it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class KeyRefused(Exception):
    """A wrapped key that this master key cannot open: it is another's, or was changed."""


class KeyService(Protocol):
    """Wraps and unwraps data keys of 32 bytes; each call takes many, as one trip may.

    Every method raises Unavailable where the service does not answer and may later. An
    outcome is a KeyRefused where that one key cannot be opened.
    """

    async def wrap(self, keys: Sequence[bytes]) -> Sequence[str]:
        """The keys under the newest version of the master key; ``version_of`` reads which."""

    async def unwrap(self, wrapped: Sequence[str]) -> Sequence[bytes | KeyRefused]:
        """The keys themselves, whichever version wrapped them."""

    async def rewrap(self, wrapped: Sequence[str]) -> Sequence[str | KeyRefused]:
        """The same keys under the newest version."""

    async def newest(self) -> str:
        """The newest version, as ``version_of`` names it."""

    def version_of(self, wrapped: str) -> str:
        """Which version of which master key wrapped this."""

    async def close(self) -> None:
        """Let connections go."""
