"""Mails about subscriptions themselves: please confirm, and sending has stopped."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from services.notifications.domain import Challenge, Notice, Outcome, Subscription
from services.notifications.mail import MailServer, address_of, compose
from shared.ids import derived_id
from shared.links import Links

CONFIRM = "confirm-subscription"
"""The purpose of the signed link in a confirmation mail, and its place in the API."""

_TABLE = tomllib.loads(
    Path(__file__).with_name("subscription_texts.toml").read_text(encoding="utf-8")
)


class SubscriptionMail:
    """Writes to organisations about their subscriptions."""

    def __init__(self, server: MailServer, *, mail_from: str, links: Links) -> None:
        self._server = server
        self._from = address_of(mail_from)
        self._links = links

    async def challenge(self, subscription: Subscription, challenge: Challenge) -> Outcome:
        """Ask whoever reads this address to confirm it, by a link or by giving the code."""
        token = self._links.issue(
            CONFIRM, subscription.id, challenge.expires_at, subscription.tenant
        )
        return await self._write(
            "confirm",
            subscription.address,
            derived_id(subscription.id, challenge.code),
            challenge,
            link=self._links.url(CONFIRM, token),
            code=challenge.code,
            until=f"{challenge.expires_at:%d %B %Y, %H:%M} UTC",
        )

    async def notice(self, subscription: Subscription, notice: Notice) -> Outcome:
        """Tell the organisation's contact that sending has stopped, and why."""
        if subscription.contact is None or subscription.disabled_reason is None:
            return Outcome(code="not_sent", final=True)
        return await self._write(
            "disabled",
            subscription.contact,
            derived_id(subscription.id, "disabled", notice.asked_at.isoformat()),
            notice,
            reason=_TABLE["reason"][subscription.disabled_reason],
            subscription=subscription.id,
            channel=subscription.channel,
            time=f"{notice.asked_at:%d %B %Y, %H:%M} UTC",
        )

    async def _write(
        self, kind: str, recipient: str, message_id: str, about: Challenge | Notice, **values: str
    ) -> Outcome:
        text: Mapping[str, str] = _TABLE[kind]
        return await self._server.post(
            compose(
                message_id,
                sender=self._from,
                recipient=recipient,
                subject=text["subject"],
                body=Template(text["body"].strip() + "\n").substitute(values),
                at=about.asked_at,
            )
        )
