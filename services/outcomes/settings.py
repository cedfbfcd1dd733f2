"""What outcomes reads from its environment: what every service reads, and where keys are."""

from __future__ import annotations

from shared.vault import VaultSettings


class Settings(VaultSettings):
    """All names carry the prefix ``LINKWAY_``."""

    service: str = "outcomes"
