"""What outcomes reads from its environment: what every service reads, and nothing more."""

from __future__ import annotations

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """All names carry the prefix ``LINKWAY_``."""

    service: str = "outcomes"
