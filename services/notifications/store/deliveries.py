"""Where deliveries are kept, and how they are found."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notifications.domain import Delivery
from shared.coalesce import Coalescer
from shared.store import Collection, Index, Saved, Step, Store

_SOURCE = "/linkway/notifications"


class Deliveries(Store[Delivery]):
    """Deliveries; ``recorded`` is set when one is to be sent, so that it goes out at once."""

    model = Delivery
    source = _SOURCE
    key_at = "state.about.key"
    indexes = (
        Index("by_organisation", (("tenant", 1), ("state.organisation_id", 1), ("created_at", -1))),
        Index("by_case", (("tenant", 1), ("state.about.key", 1))),
        Index("by_status", (("tenant", 1), ("state.status", 1), ("created_at", -1))),
        Index(
            "by_subscription",
            (
                ("tenant", 1),
                ("state.subscription_id", 1),
                ("state.status", 1),
                ("created_at", -1),
            ),
        ),
        Index(
            "line",
            (("tenant", 1), ("facets.line", 1), ("state.place", 1)),
            where={"facets.line": {"$exists": True}},
        ),
    )

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self.recorded = asyncio.Event()
        self._head = Coalescer(self._heads)

    def about(self, state: Delivery) -> Sequence[str]:
        """What the event was about: a case and its person, where it was about one."""
        person = state.about.facts.get("person_id")
        return [state.about.key, *([person] if isinstance(person, str) else ())]

    def receipt(self, state: Delivery) -> Mapping[str, Any]:
        """The status a command led to."""
        return {"status": state.status}

    def facets(self, state: Delivery) -> Mapping[str, Any]:
        """A message that waits to be sent stands in its line."""
        return {"line": state.line} if state.status == "queued" else {}

    def due(self, state: Delivery) -> datetime | None:
        """When the next attempt is to be made."""
        return state.next_attempt_at

    def journey(self, state: Delivery) -> Sequence[Step]:
        """Every attempt, and what the message waits for."""
        to = f"{state.about.type} to {state.organisation_id} by {state.channel}"
        steps = [
            Step(
                attempt.at,
                f"{to}, attempt {number}: {attempt.outcome}"
                + (f" ({attempt.status_code})" if attempt.status_code else "")
                + f" after {attempt.duration_ms} ms",
                failed=attempt.outcome != "delivered",
            )
            for number, attempt in enumerate(state.attempts, start=1)
        ]
        if state.status == "queued":
            behind = ", behind a message before it" if state.held else ""
            waits = Step(
                state.next_attempt_at or state.created_at,
                f"{to} waits to be sent{behind}",
                is_still_open=True,
            )
            return [*steps, waits]
        if state.status == "failed":
            last = state.attempts[-1].at if state.attempts else state.created_at
            return [*steps, Step(last, f"{to} was given up", failed=True, is_still_open=True)]
        return steps

    async def head(self, delivery: Delivery) -> Saved[Delivery] | None:
        """Who is first in the line of ``delivery``: the only one that may be sent now."""
        return await self._head((delivery.tenant, delivery.line))

    async def waiting(self, tenant: str | None, since: datetime) -> Sequence[Mapping[str, Any]]:
        """How many wait by tenant and organisation, and how many failed at their last attempt.

        With when the first of them was made, and how many made after ``since`` were given up;
        counted within the indexes of lines and states, however many were delivered before.
        """
        of = {"tenant": tenant if tenant is not None else {"$gt": ""}}
        by = {"tenant": "$tenant", "organisation": "$state.organisation_id"}
        failed = {"$gt": [{"$size": "$state.attempts"}, "$state.tried_before"]}
        waiting = await self.aggregate(
            [
                {"$match": {**of, "facets.line": {"$exists": True}}},
                {
                    "$group": {
                        "_id": by,
                        "waiting": {"$sum": 1},
                        "failing": {"$sum": {"$cond": [failed, 1, 0]}},
                        "oldest": {"$min": "$created_at"},
                    }
                },
            ]
        )
        given_up = await self.aggregate(
            [
                {"$match": {**of, "state.status": "failed", "created_at": {"$gte": since}}},
                {"$group": {"_id": by, "given_up": {"$sum": 1}}},
            ]
        )
        return [*waiting, *given_up]

    async def _heads(self, lines: Sequence[tuple[str, str]]) -> Sequence[Saved[Delivery] | None]:
        found: dict[tuple[str, str], Saved[Delivery]] = {}
        for tenant in {tenant for tenant, _ in lines}:
            asked = list({line for of, line in lines if of == tenant})
            firsts = await self.aggregate(
                [
                    {"$match": {"tenant": tenant, "facets.line": {"$in": asked}}},
                    {"$sort": {"facets.line": 1, "state.place": 1, "_id": 1}},
                    {"$group": {"_id": "$facets.line", "first": {"$first": "$$ROOT"}}},
                ]
            )
            for each in firsts:
                found[tenant, each["_id"]] = self.read_document(each["first"])
        return [found.get(line) for line in lines]
