"""The base of what this service stores."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Never changed in place."""

    model_config = ConfigDict(frozen=True)
