"""Rebuilds as they are written down: what was asked for, how far it is, what was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.rebuild.comparing import Compared
from shared.repair.letter import PLATFORM
from shared.store import Index, Store

Phase = Literal["reading", "ready", "swapping", "following", "done", "cancelled"]
"""``reading`` into fresh collections; ``ready`` to be swapped, compared and kept up to date;
``swapping`` names; ``following`` the topics until no process can still write to the old ones.
"""


class Rebuild(BaseModel):
    """One rebuild of one projection."""

    model_config = ConfigDict(frozen=True)

    tenant: str = PLATFORM
    projection: str
    phase: Phase = "reading"
    by: str
    reason: str
    read: int = 0
    total: int = 0
    """Records of the topics: applied, and there are by now."""
    set_aside: Mapping[str, int] = {}
    compared: tuple[Compared, ...] = ()
    asked: Literal["swap", "cancel"] | None = None
    started_at: datetime
    busy_until: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether it has come to its end."""
        return self.phase in ("done", "cancelled")


class Rebuilds(Store[Rebuild]):
    """One document per rebuild; due until it has ended, one at a time for a projection."""

    model = Rebuild
    unaudited = "rebuilds of collections"
    indexes = (
        Index(
            "one_at_a_time",
            (("tenant", 1), ("facets.running", 1)),
            unique=True,
            where={"facets.running": {"$exists": True}},
        ),
    )

    def facets(self, state: Rebuild) -> Mapping[str, Any]:
        """The projection while the rebuild goes on."""
        return {"running": None if state.ended else state.projection}

    def due(self, state: Rebuild) -> datetime | None:
        """At once, and again when whoever works on it has not been heard of for a while."""
        return None if state.ended else state.busy_until or state.started_at
