"""What a delivery says: the webhook's body and the e-mail's text, both without personal data."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Literal

from services.notifications.domain import About, Delivery
from shared.events import (
    AccessOverridden,
    OrganisationChanged,
    ReferralCreated,
    ReferralInfoProvided,
    ReferralReminderDue,
    ServiceAssuranceDue,
)

_ASKS_FOR_AN_ANSWER = frozenset(
    {ReferralCreated.type, ReferralInfoProvided.type, ReferralReminderDue.type}
)

_TABLE = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Links:
    """Where receivers fetch what they may see: each owner's public base URL, by topic."""

    referrals: str
    directory: str
    outcomes: str

    def to(self, about: About) -> str:
        """The link to the record an event is about."""
        base, collection = {
            "referral-events": (self.referrals, "referrals"),
            "directory-events": (self.directory, "services"),
            "outcome-events": (self.outcomes, "plans"),
        }[about.topic]
        if about.type == OrganisationChanged.type:
            collection = "organisations"
        if about.type == AccessOverridden.type:
            return f"{base.rstrip('/')}/persons/{about.key}/overrides"
        return f"{base.rstrip('/')}/{collection}/{about.subject}"


def webhook_body(delivery: Delivery, links: Links) -> str:
    """The JSON a receiver gets, the same text at each attempt (Standard Webhooks 1.0, thin)."""
    about = delivery.about
    data = {"event_id": about.event_id, **about.facts, "dataref": links.to(about)}
    body = {"type": about.type, "timestamp": about.occurred_at.isoformat(), "data": data}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True)


ActionLink = Literal["answer", "confirm"]
"""What a provider may do by a link in the mail, without an account."""


def link_wanted(delivery: Delivery) -> ActionLink | None:
    """Which link the mail is to carry: it asks for something that a link can do."""
    about = delivery.about
    if about.type == ServiceAssuranceDue.type:
        return "confirm"
    asks = about.type in _ASKS_FOR_AN_ANSWER and about.facts.get("kind") == "onward"
    return "answer" if asks and delivery.part == "provider" else None


def link_text(kind: ActionLink, url: str, until: datetime) -> str:
    """What the mail says of its link."""
    said = Template(_TABLE["link"][kind]["body"].strip())
    return said.substitute(link=url, until=f"{until:%d %B %Y}")


def mail_text(delivery: Delivery, links: Links, *, action: str = "") -> tuple[str, str]:
    """Subject and body, in the words of ``texts.toml`` for this event and recipient.

    ``action`` is said after the text: what the recipient can do by a link.
    """
    about = delivery.about
    texts: Mapping[str, Mapping[str, str]] = _TABLE[about.type]
    text = texts.get(delivery.part, texts["informed"])
    frame = Template(_TABLE["frame"]["body"])
    body = frame.substitute(
        text="\n\n".join(filter(None, (text["body"].strip(), action))),
        reference=about.subject,
        time=f"{about.occurred_at:%d %B %Y, %H:%M} UTC",
        link=links.to(about),
    )
    return text["subject"], body
