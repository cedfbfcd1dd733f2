"""Which erasures outcomes has applied."""

from __future__ import annotations

from shared.events import OutcomesErasureApplied
from shared.store.erasures import AppliedErasures


class Erasures(AppliedErasures):
    """One document per erasure."""

    source = "/linkway/outcomes"
    fact = OutcomesErasureApplied
