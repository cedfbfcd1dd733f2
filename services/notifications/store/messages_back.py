"""Where messages back to practices are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notifications.domain.messages_back import MessageBack, due
from shared.store import Collection, Index, Step, Store


class MessagesBack(Store[MessageBack]):
    """One record for each message back; due when it counts as not answered.

    ``working_days`` is how long a practice has to file one.
    """

    model = MessageBack
    source = "/linkway/notifications"
    key_at = "state.case_id"
    indexes = (
        Index(
            "by_practice",
            (("tenant", 1), ("state.organisation_id", 1), ("created_at", -1)),
        ),
        Index(
            "by_team",
            (("tenant", 1), ("state.team_organisation_id", 1), ("created_at", -1)),
        ),
        Index("by_case", (("tenant", 1), ("state.case_id", 1))),
        Index("by_status", (("tenant", 1), ("state.status", 1), ("created_at", -1))),
    )

    def __init__(self, collection: Collection, *, working_days: int = 5) -> None:
        super().__init__(collection)
        self.working_days = working_days

    def about(self, state: MessageBack) -> Sequence[str]:
        """The case and the referral; no person is known here."""
        return [state.case_id, state.referral_id]

    def journey(self, state: MessageBack) -> Sequence[Step]:
        """Where the message back stands."""
        what = f"message back to {state.organisation_id}: {state.status}"
        failed = state.status in {"rejected", "timed_out", "undeliverable"}
        return [Step(state.ended_at or state.created_at, what, failed=failed)]

    def receipt(self, state: MessageBack) -> Mapping[str, Any]:
        """The status a command led to."""
        return {"status": state.status}

    def due(self, state: MessageBack) -> datetime | None:
        """When it counts as not answered."""
        return due(state)
