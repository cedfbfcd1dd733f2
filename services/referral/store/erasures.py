"""Requests to be erased, and what became of them: kept when the person is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.referral.domain.erasure import Erasure
from services.referral.store.referrals import SOURCE
from shared.store import Index, Seals, Store

ONE_REQUEST = "one_open_request"


class Erasures(Store[Erasure]):
    """One document per request.

    Its notes are sealed under a key of its own, as the person's may be destroyed.
    """

    model = Erasure
    source = SOURCE
    key_at = "state.person_id"
    seals = Seals(owner="id", fields=("request_note", "decision_note"))
    indexes = (
        Index(
            ONE_REQUEST,
            (("tenant", 1), ("state.person_id", 1)),
            unique=True,
            where={"facets.open": True},
        ),
        Index("by_status", (("tenant", 1), ("facets.status", 1), ("created_at", -1))),
    )

    def about(self, state: Erasure) -> Sequence[str]:
        """Whom it asks to erase; afterwards an id that stands for no one."""
        return [state.person_id]

    def facets(self, state: Erasure) -> Mapping[str, Any]:
        """Where it stands, and whether it waits for a decision."""
        return {"status": state.status, "open": True if state.decision is None else None}

    def receipt(self, state: Erasure) -> Mapping[str, Any]:
        """Where a command led to."""
        return {"status": state.status}
