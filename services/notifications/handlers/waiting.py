"""Counting the messages that wait, for operations staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.notifications.store import Stores
from shared.ops import CountWaiting, Waiting

_GIVEN_UP_WITHIN = timedelta(days=1)


def waiting_in(stores: Stores, now: Callable[[], datetime]) -> CountWaiting:
    """What counts the messages to each organisation."""

    async def count(tenant: str | None) -> Sequence[Waiting]:
        counted: dict[tuple[str, str], dict[str, Any]] = {}
        for each in await stores.deliveries.waiting(tenant, now() - _GIVEN_UP_WITHIN):
            of = (each["_id"]["tenant"], each["_id"]["organisation"])
            counted.setdefault(of, {}).update(each)
        return [
            Waiting(
                tenant=of,
                organisation_id=organisation,
                waiting=each.get("waiting", 0),
                failing=each.get("failing", 0),
                given_up=each.get("given_up", 0),
                oldest=each.get("oldest"),
            )
            for (of, organisation), each in sorted(counted.items())
        ]

    return count
