"""What outcomes keeps, one module for each collection."""

from __future__ import annotations

from dataclasses import dataclass

from services.outcomes.store.aliases import Aliases
from services.outcomes.store.cases import Cases, Trees
from services.outcomes.store.cells import Cells, Ledgers
from services.outcomes.store.erasures import Erasures
from services.outcomes.store.instruments import Instruments
from services.outcomes.store.plans import Plans
from shared.store import DataKeys

__all__ = [
    "Aliases",
    "Cases",
    "Cells",
    "Erasures",
    "Instruments",
    "Ledgers",
    "Plans",
    "Stores",
    "Trees",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """All that outcomes keeps."""

    plans: Plans
    aliases: Aliases
    instruments: Instruments
    cases: Cases
    trees: Trees
    cells: Cells
    ledgers: Ledgers
    erasures: Erasures
    person_keys: DataKeys
