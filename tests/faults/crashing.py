"""A service that ends itself, as kill -9 would, when it passes a chosen point the nth time.

    CRASH_POINT=after-ack CRASH_AFTER=12 CRASH_MARK=file python -m tests.faults.crashing \
        referral 8001

The points are between the steps that carry a fact: write → publish → remove, and read →
apply → commit. They are put around the product's own functions from here, so that the
product holds nothing for tests. The mark is written just before the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import uvicorn

from services.notifications import worker
from shared import relay
from shared.bus import batch, subscription
from shared.store import mongo_collection

_KILLED = 137


class _Point:
    """Counts how often it is passed."""

    def __init__(self) -> None:
        self.name = os.environ.get("CRASH_POINT", "")
        self._left = int(os.environ.get("CRASH_AFTER", "1"))

    def passed(self) -> None:
        self._left -= 1
        if self._left <= 0:
            Path(os.environ["CRASH_MARK"]).write_text(self.name)
            os._exit(_KILLED)


POINTS: dict[str, tuple[Any, str, bool]] = {
    "before-write": (mongo_collection.MongoCollection, "write", False),
    "after-write": (mongo_collection.MongoCollection, "write", True),
    "before-insert": (mongo_collection.MongoCollection, "insert", False),
    "after-insert": (mongo_collection.MongoCollection, "insert", True),
    "before-send": (relay._Outlet, "_send", False),
    "after-send": (relay._Outlet, "_send", True),
    "before-remove": (mongo_collection.MongoCollection, "remove_sent", False),
    "after-remove": (mongo_collection.MongoCollection, "remove_sent", True),
    "before-apply": (batch.Applier, "apply", False),
    "between-applies": (batch.Applier, "_finish", True),
    "before-commit": (subscription, "_commit", False),
    "after-commit": (subscription, "_commit", True),
    "before-delivery": (worker.DeliveryWorker, "_attempt", False),
    "after-delivery": (worker.DeliveryWorker, "_attempt", True),
}
"""Where each is: whose function, its name, and whether the point lies behind it."""


def install(name: str) -> None:
    """End this process at the point of that name."""
    owner, function, behind = POINTS[name]
    setattr(owner, function, _ending(getattr(owner, function), _Point(), behind=behind))


def _ending(real: Callable[..., Any], point: _Point, *, behind: bool) -> Callable[..., Any]:
    @wraps(real)
    async def ending(*args: Any, **kwargs: Any) -> Any:
        if not behind:
            point.passed()
        answer = await real(*args, **kwargs)
        if behind:
            point.passed()
        return answer

    return ending


if __name__ == "__main__":
    if os.environ.get("CRASH_POINT"):
        install(os.environ["CRASH_POINT"])
    uvicorn.run(
        f"services.{sys.argv[1]}.app:create_app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[2]),
        access_log=False,
    )
