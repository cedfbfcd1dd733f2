"""What outcomes keeps, one module for each collection."""

from __future__ import annotations

from dataclasses import dataclass

from services.outcomes.store.aliases import Aliases
from services.outcomes.store.instruments import Instruments
from services.outcomes.store.plans import Plans

__all__ = ["Aliases", "Instruments", "Plans", "Stores"]


@dataclass(frozen=True, slots=True)
class Stores:
    """All that outcomes keeps."""

    plans: Plans
    aliases: Aliases
    instruments: Instruments
