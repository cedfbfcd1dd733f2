"""Group sessions: one document each, its places inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.referral.domain.sessions import Session
from services.referral.store.referrals import SOURCE
from shared.store import Index, Store


class Sessions(Store[Session]):
    """One document per meeting of a group."""

    model = Session
    source = SOURCE
    indexes = (
        Index(
            "held_by",
            (("tenant", 1), ("state.provider_organisation_id", 1), ("created_at", -1)),
        ),
    )

    def about(self, state: Session) -> Sequence[str]:
        """The referrals whose persons have a place."""
        return list(state.places)

    def receipt(self, state: Session) -> Mapping[str, Any]:
        """The status a command led to, and how many places were left."""
        return {"status": state.status.value, "available": state.maximum - len(state.places)}
