"""Where messages to persons are kept, and the marks of those who have died."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notifications.domain.person_marks import PersonMark
from services.notifications.domain.person_messages import (
    PersonMessage,
)
from shared.store import Collection, Index, Store


class PersonMessages(Store[PersonMessage]):
    """Messages to persons; ``recorded`` is set when one was stored, so that it goes at once."""

    model = PersonMessage
    source = "/linkway/notifications"
    indexes = (
        Index("by_status", (("tenant", 1), ("state.status", 1), ("created_at", -1))),
        Index("by_case", (("tenant", 1), ("state.about_key", 1), ("created_at", -1))),
        Index(
            "waiting_by_thing",
            (("tenant", 1), ("facets.waiting_thing", 1)),
            where={"facets.waiting_thing": {"$exists": True}},
        ),
        Index(
            "unended_by_person",
            (("tenant", 1), ("facets.person", 1)),
            where={"facets.person": {"$exists": True}},
        ),
    )

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self.recorded = asyncio.Event()

    def about(self, state: PersonMessage) -> Sequence[str]:
        """The person it is for, and the case it is about."""
        return [state.person_id, state.about_key]

    def facets(self, state: PersonMessage) -> Mapping[str, Any]:
        """Found by thing and by person while something may still become of it."""
        waiting = state.status == "queued"
        revivable = state.status == "suppressed" and state.reason == "deceased"
        return {
            "waiting_thing": state.thing if waiting else None,
            "person": state.person_id if waiting or revivable else None,
        }

    def due(self, state: PersonMessage) -> datetime | None:
        """When it is to be sent, or asked after."""
        return state.next_attempt_at


class PersonMarks(Store[PersonMark]):
    """One small record for each person whose death was heard of, right or wrong."""

    model = PersonMark
    listed = False

    def about(self, state: PersonMark) -> Sequence[str]:
        """The person."""
        return [state.id]
