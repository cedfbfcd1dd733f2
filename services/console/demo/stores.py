"""What the services keep, read from their own databases to be counted; never written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.console.platform import SERVICES, TENANT, Platform
from shared.store import Database

_OUTBOXES: Mapping[str, Sequence[str]] = {
    "referral": ("referrals", "persons", "sessions"),
    "directory": ("services", "organisations", "unmet"),
    "outcomes": ("plans",),
    "notifications": ("deliveries", "person_messages", "messages_back"),
}


@dataclass(frozen=True, slots=True)
class KeptReferral:
    """A referral as the referral service keeps it; ``goals`` are those shown with a case."""

    kind: str
    status: str
    received_at: datetime
    contacts: AbstractSet[str]
    goals: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan as outcomes keeps it: referrals of its case, contacts, goals, when it was opened."""

    referrals: AbstractSet[str]
    contacts: AbstractSet[str]
    goals: AbstractSet[str]
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A message as notifications keeps it; ``ended_at`` is the end of its last attempt."""

    event_id: str
    event_type: str
    event_subject: str
    subscription_id: str
    channel: str
    status: str
    attempts: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptPersonMessage:
    """A message to a person: by which channel it went, if it did."""

    channel: str | None
    status: str
    reason: str | None
    handed_over: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """All of it by id; ``places`` are the referrals that hold, held or gave back a place."""

    referrals: Mapping[str, KeptReferral]
    plans: Mapping[str, KeptPlan]
    places: AbstractSet[str]
    deliveries: Mapping[str, KeptDelivery]
    person_messages: Mapping[str, KeptPersonMessage] = field(default_factory=dict)


class Stores:
    """The four databases; get it from ``open_stores``."""

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases

    async def read(self) -> Stored:
        """Everything the comparison needs."""
        referrals = await self._read("referral", "referrals", "created_at")
        plans = await self._read("outcomes", "plans", "created_at", "facets")
        services = await self._read("directory", "services")
        deliveries = await self._read("notifications", "deliveries")
        to_persons = await self._read("notifications", "person_messages")
        return Stored(
            referrals={each["_id"]: _referral(each) for each in referrals},
            plans={each["_id"]: _plan(each) for each in plans},
            places={referral for each in services for referral in each["state"]["holds"]},
            deliveries={each["_id"]: _delivery(each["state"]) for each in deliveries},
            person_messages={each["_id"]: _person_message(each["state"]) for each in to_persons},
        )

    async def unsent(self) -> int:
        """How many records have events that are not on Kafka yet."""
        stats = [
            await self._databases[service].collection(name).unsent_stats()
            for service, names in _OUTBOXES.items()
            for name in names
        ]
        return sum(each.pending for each in stats)

    async def undelivered(self) -> int:
        """How many messages are still to be sent."""
        deliveries = self._databases["notifications"].collection("deliveries")
        return await deliveries.count({"tenant": TENANT, "state.status": "queued"})

    async def _read(self, service: str, collection: str, *more: str) -> Sequence[dict[str, Any]]:
        wanted = dict.fromkeys(("state", *more), 1)
        return await (
            self._databases[service]
            .collection(collection)
            .aggregate([{"$match": {"tenant": TENANT}}, {"$project": wanted}])
        )


@asynccontextmanager
async def open_stores(platform: Platform) -> AsyncIterator[Stores]:
    """The databases of a platform, for the length of a block."""
    async with AsyncExitStack() as stack:
        yield Stores(
            {
                service: await stack.enter_async_context(platform.database(service))
                for service in SERVICES
            }
        )


def by_kind_and_status(referrals: Mapping[str, KeptReferral]) -> Counter[tuple[str, str]]:
    """How many referrals of each kind stand where."""
    return Counter((each.kind, each.status) for each in referrals.values())


def _referral(document: Mapping[str, Any]) -> KeptReferral:
    state = document["state"]
    return KeptReferral(
        kind=state["kind"],
        status=state["status"],
        received_at=document["created_at"],
        contacts={
            each["id"]
            for each in state["appointments"]
            if each["status"] in {"fulfilled", "noshow"}
        },
        goals=set(state["goals"]),
    )


def _plan(document: Mapping[str, Any]) -> KeptPlan:
    state = document["state"]
    return KeptPlan(
        referrals=set(state["referrals"]),
        contacts={
            id_
            for id_, each in state["attendance"].items()
            if each["status"] in {"attended", "missed"}
        },
        goals=set(document["facets"].get("goals", ())),
        opened_at=document["created_at"],
    )


def _person_message(state: Mapping[str, Any]) -> KeptPersonMessage:
    return KeptPersonMessage(
        channel=state["channel"],
        status=state["status"],
        reason=state["reason"],
        handed_over=state["sent_at"] is not None,
    )


def _delivery(state: Mapping[str, Any]) -> KeptDelivery:
    last = state["attempts"][-1] if state["attempts"] else None
    return KeptDelivery(
        event_id=state["about"]["event_id"],
        event_type=state["about"]["type"],
        event_subject=state["about"]["subject"],
        subscription_id=state["subscription_id"],
        channel=state["channel"],
        status=state["status"],
        attempts=len(state["attempts"]),
        ended_at=datetime.fromisoformat(last["at"]) + timedelta(milliseconds=last["duration_ms"])
        if last
        else None,
    )
