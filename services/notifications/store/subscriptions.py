"""Where subscriptions are kept, and who is listening."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.notifications.domain import Subscription
from services.notifications.domain.policy import POLICY, Is
from shared.cause import Actor
from shared.store import Collection, Index, Store

_REMEMBERED = 10_000
_PAGE = 200


class Subscriptions(Store[Subscription]):
    """Subscriptions, with a short memory of who is listening.

    Every event asks which of its parties listen, and most do not: the answer is
    remembered for ``fresh_for``. ``forget`` drops it after a write of this process;
    another replica's write is seen when the memory has run out. ``wanted`` is set when
    something about a subscription is to be done at once.
    """

    model = Subscription
    unaudited = "addresses of organisations, at which they hear of their cases"
    indexes = (
        Index(
            "listening",
            (("tenant", 1), ("facets.active_for", 1)),
            where={"facets.active_for": {"$exists": True}},
        ),
        Index(
            "open",
            (("tenant", 1), ("facets.open_for", 1), ("facets.address", 1)),
            unique=True,
            where={"facets.open_for": {"$exists": True}},
        ),
        Index("by_organisation", (("tenant", 1), ("state.organisation_id", 1), ("created_at", -1))),
        Index(
            "made_for_others",
            (("tenant", 1), ("facets.made_by", 1), ("created_at", -1)),
            where={"facets.made_by": {"$exists": True}},
        ),
    )

    def __init__(
        self, collection: Collection, *, fresh_for: timedelta = timedelta(seconds=5)
    ) -> None:
        super().__init__(collection)
        self.wanted = asyncio.Event()
        self._fresh_for = fresh_for.total_seconds()
        self._listening: dict[tuple[str, str], tuple[float, tuple[Subscription, ...]]] = {}
        self._writes = 0

    def receipt(self, state: Subscription) -> Mapping[str, Any]:
        """The status a command led to."""
        return {"status": state.status}

    def facets(self, state: Subscription) -> Mapping[str, Any]:
        """An organisation has one subscription at an address that has not ended."""
        made_by = {"made_by": state.made_by_organisation}
        if state.status == "disabled":
            return made_by
        return {
            **made_by,
            "active_for": state.organisation_id if state.status == "active" else None,
            "open_for": state.organisation_id,
            "address": f"{state.channel} {state.address}",
        }

    def due(self, state: Subscription) -> datetime | None:
        """When something about the subscription itself is next to be done."""
        times = (
            state.challenge.next_attempt_at if state.challenge else None,
            state.notice.next_attempt_at if state.notice else None,
            state.resend.asked_at if state.resend and not state.resend.done else None,
        )
        return min((time for time in times if time is not None), default=None)

    async def active(self, tenant: str, organisations: Iterable[str]) -> Sequence[Subscription]:
        """The active subscriptions of these organisations."""
        now = time.monotonic()
        found: list[Subscription] = []
        unknown: list[str] = []
        for organisation in organisations:
            until, known = self._listening.get((tenant, organisation), (now, ()))
            if until > now:
                found.extend(known)
            else:
                unknown.append(organisation)
        if unknown:
            found.extend(await self._read_active(tenant, unknown))
        return found

    def forget(self, subscription: Subscription) -> None:
        """A subscription of this organisation was just written."""
        self._writes += 1
        self._listening.pop((subscription.tenant, subscription.organisation_id), None)

    async def _read_active(
        self, tenant: str, organisations: Sequence[str]
    ) -> Sequence[Subscription]:
        writes = self._writes
        read: dict[str, list[Subscription]] = {organisation: [] for organisation in organisations}
        where = {"facets.active_for": {"$in": list(organisations)}}
        cursor = None
        while True:
            page = await self.find(tenant, where, limit=_PAGE, cursor=cursor)
            for saved in page.items:
                read[saved.state.organisation_id].append(saved.state)
            cursor = page.next_cursor
            if cursor is None:
                break
        if self._fresh_for and writes == self._writes:  # else this may miss what was written
            if len(self._listening) > _REMEMBERED:
                self._listening.clear()
            until = time.monotonic() + self._fresh_for
            for organisation, subscriptions in read.items():
                self._listening[tenant, organisation] = (until, tuple(subscriptions))
        return [each for subscriptions in read.values() for each in subscriptions]


def seen_by(actor: Actor) -> Mapping[str, Any]:
    """The filter for subscriptions an actor may see, as the policy has it."""
    own = {"state.organisation_id": actor.organisation}
    if Is.MAKER not in POLICY.relations(actor):
        return own
    return {"$or": [own, {"facets.made_by": actor.organisation}]}
