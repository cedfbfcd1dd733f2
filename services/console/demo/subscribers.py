"""Who hears of what: practices by e-mail, teams and groups by signed webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from services.console.demo.api import Api, Who
from services.console.demo.receivers import MailReceiver, WebhookReceiver

PRACTICE_HEARS = (
    "referral-created",
    "referral-declined",
    "referral-withdrawn",
    "referral-completed",
    "referral-expired",
    "referral-not-completed",
)
TEAM_HEARS = (
    *PRACTICE_HEARS,
    "appointment-missed",
    "referral-closure-proposed",
    "referral-reminder-due",
    "referral-reroute-needed",
    "referral-review-due",
)
GROUP_HEARS = ("referral-created", "referral-reminder-due", "referral-withdrawn")
_PATIENCE = 60.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an organisation hears, under the id that notifications gave it."""

    id: str
    organisation: str
    event_types: Sequence[str]


class Subscribers:
    """Subscribes each organisation once, before it is first needed.

    Each proves that its address is its own: a webhook's receiver gives the challenge back,
    and a practice the code that it was mailed.
    """

    def __init__(self, api: Api, receiver: WebhookReceiver, mails: MailReceiver) -> None:
        self._api = api
        self._receiver = receiver
        self._mails = mails
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
            await self._until_active(who, f"/subscriptions/{receipt['id']}")
        else:
            await self._confirm(who, receipt["id"], where["email"])
        self.subscriptions.append(Subscription(receipt["id"], who.organisation, event_types))

    async def _until_active(self, who: Who, path: str) -> None:
        """The receiver answers the challenge by itself, once it knows the secret."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                view = await self._api.get("notifications", path, who)
                if view["status"] == "active":
                    return
                await asyncio.sleep(_PAUSE)

    async def _confirm(self, who: Who, subscription: str, address: str) -> None:
        async with asyncio.timeout(_PATIENCE):
            code = await self._mails.code_for(address)
        await self._api.post(
            "notifications",
            f"/subscriptions/{subscription}/confirm",
            who,
            {"challenge": code},
            key=f"confirm-{who.organisation}",
        )
