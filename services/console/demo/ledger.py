"""What the services have acknowledged to the demo, by id: the yardstick for all that is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Ids that came back with a 2xx, and what did not go as hoped.

    ``contacts`` are appointments attended or missed, ``places`` the onward referrals to
    services that state a capacity. ``duplicates`` counts second referrals that were refused,
    as they should be; ``unplaced`` the times no service had a free place; ``unmet`` the needs
    noted as not met near; ``ways`` how many people's journeys went which way to their end;
    ``broken`` has a sentence for each journey that could not be played to its end.
    """

    referrals: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    goals: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    duplicates: int = 0
    unplaced: int = 0
    unmet: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
