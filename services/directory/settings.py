"""What the directory reads from its environment."""

from __future__ import annotations

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of every service; bodies may be larger here, as batches are loaded."""

    service: str = "directory"
    max_body_bytes: int = Field(
        5 * 1024 * 1024, ge=1, description="Largest request body accepted, in bytes."
    )
