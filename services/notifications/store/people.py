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
from shared.coalesce import Coalescer
from shared.store import Collection, Index, Saved, Step, Store

_TAKEN = frozenset({"accepted", "not_sent"})
"""Outcomes of an attempt that are no failure."""


class PersonMessages(Store[PersonMessage]):
    """Messages to persons; ``recorded`` is set when one was stored, so that it goes at once."""

    model = PersonMessage
    source = "/linkway/notifications"
    key_at = "state.about_key"
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
        self._waiting = Coalescer(self._all_waiting)

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

    def journey(self, state: PersonMessage) -> Sequence[Step]:
        """Every attempt, and what the message waits for: channels and codes only."""
        what = f"{state.template} to the person"
        steps = [
            Step(
                attempt.at,
                f"{what} by {attempt.channel}: {attempt.outcome}"
                + (f" ({attempt.status_code})" if attempt.status_code else ""),
                failed=attempt.outcome not in _TAKEN,
            )
            for attempt in state.attempts
        ]
        if state.status == "queued":
            at = state.next_attempt_at or state.created_at
            return [*steps, Step(at, f"{what} waits to be sent", is_still_open=True)]
        if state.reason is not None:
            why = f"{what} is {state.status}: {state.reason}"
            steps.append(Step(state.created_at, why, failed=state.status == "failed"))
        return steps

    def due(self, state: PersonMessage) -> datetime | None:
        """When it is to be sent, or asked after."""
        return state.next_attempt_at

    async def waiting_about(self, tenant: str, thing: str) -> Sequence[Saved[PersonMessage]]:
        """What waits to be told of a referral or an appointment."""
        return await self._waiting((tenant, thing))

    async def _all_waiting(
        self, asked: Sequence[tuple[str, str]]
    ) -> Sequence[Sequence[Saved[PersonMessage]]]:
        found: dict[tuple[str, str], list[Saved[PersonMessage]]] = {}
        for tenant in {tenant for tenant, _ in asked}:
            things = list({thing for of, thing in asked if of == tenant})
            where = {"tenant": tenant, "facets.waiting_thing": {"$in": things}}
            for document in await self.aggregate([{"$match": where}]):
                saved = self.read_document(document)
                found.setdefault((tenant, saved.state.thing), []).append(saved)
        return [found.get(each, ()) for each in asked]


class PersonMarks(Store[PersonMark]):
    """One small record for each person whose death was heard of, right or wrong."""

    model = PersonMark
    listed = False

    def about(self, state: PersonMark) -> Sequence[str]:
        """The person."""
        return [state.id]
