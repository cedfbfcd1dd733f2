"""Who hears of what: practices by e-mail, teams and groups by signed webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from services.console.demo.api import Api, Who
from services.console.demo.receivers import WebhookReceiver

PRACTICE_HEARS = (
    "referral-created",
    "referral-declined",
    "referral-withdrawn",
    "referral-completed",
)
TEAM_HEARS = (*PRACTICE_HEARS, "appointment-missed")
GROUP_HEARS = ("referral-created", "referral-withdrawn")


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an organisation hears, under the id that notifications gave it."""

    id: str
    organisation: str
    event_types: Sequence[str]


class Subscribers:
    """Subscribes each organisation once, before it is first needed."""

    def __init__(self, api: Api, receiver: WebhookReceiver) -> None:
        self._api = api
        self._receiver = receiver
        self._subscribing: dict[str, asyncio.Task[None]] = {}
        self.subscriptions: list[Subscription] = []

    async def practice(self, practice_id: str) -> None:
        """A practice hears by e-mail, at an address that cannot exist."""
        await self._once(
            Who("referrer", practice_id),
            {"channel": "email", "email": f"practice-{practice_id.lower()}@practice.example"},
            PRACTICE_HEARS,
        )

    async def team(self, organisation: str) -> None:
        """A link-worker team hears by webhook."""
        await self._once(Who("link_worker", organisation), self._webhook(organisation), TEAM_HEARS)

    async def group(self, organisation: str) -> None:
        """A community group hears by webhook."""
        await self._once(Who("provider", organisation), self._webhook(organisation), GROUP_HEARS)

    def _webhook(self, organisation: str) -> dict[str, str]:
        return {"channel": "webhook", "url": self._receiver.url(organisation)}

    async def _once(self, who: Who, where: dict[str, str], event_types: Sequence[str]) -> None:
        if who.organisation not in self._subscribing:
            subscribing = asyncio.create_task(self._subscribe(who, where, event_types))
            self._subscribing[who.organisation] = subscribing
        await self._subscribing[who.organisation]

    async def _subscribe(self, who: Who, where: dict[str, str], event_types: Sequence[str]) -> None:
        receipt = await self._api.post(
            "notifications",
            "/subscriptions",
            who,
            {**where, "event_types": list(event_types)},
            key=f"subscribe-{who.organisation}",
            expect=HTTPStatus.CREATED,
        )
        if where["channel"] == "webhook":
            self._receiver.expect(who.organisation, receipt["secret"])
        self.subscriptions.append(Subscription(receipt["id"], who.organisation, event_types))
