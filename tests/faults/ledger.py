"""What the senders know: everything that was acknowledged, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Ids of what the APIs acknowledged.

    ``referrals`` are intakes and onward referrals by their Idempotency-Key; the others are
    what was said of them. ``goals`` has the last achievement status that was acknowledged.
    """

    referrals: dict[str, str] = field(default_factory=dict)
    onward: dict[str, str] = field(default_factory=dict)
    """Onward referrals, with the case they belong to."""
    accepted: set[str] = field(default_factory=set)
    attended: dict[str, str] = field(default_factory=dict)
    """Appointments that were attended, with their referral."""
    goals: dict[str, str] = field(default_factory=dict)
    achieved: dict[str, str] = field(default_factory=dict)
    acknowledged: int = 0
    """Commands that were acknowledged, of every kind."""
    retried: Counter[str] = field(default_factory=Counter)
    """Requests that had to be sent again, by what happened to them."""
