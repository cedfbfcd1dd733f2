"""Requests and views of subscriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.notifications.api.access import Id
from services.notifications.domain import (
    EVENT_TYPES,
    DisabledReason,
    OutcomeCode,
    ResendStatus,
    Signature,
    Subscription,
    SubscriptionStatus,
)
from shared.events import Channel
from shared.store import Saved

EventTypes = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=len(EVENT_TYPES),
        description="Which events to hear: "
        + ", ".join(f"`{t}`" for t in sorted(EVENT_TYPES))
        + ". `referral-consent-withdrawn` is told whether asked for or not.",
    ),
]
Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2048),
    Field(description="An `https://` URL on port 443 that leads to the public internet."),
]
Mail = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
    ),
    Field(description="An address of the organisation, not of a person."),
]
Contact = Annotated[
    Mail | None,
    Field(description="Whom to write to when Linkway stops sending to the address."),
]

OrganisationId = Annotated[
    Id | None,
    Field(
        description="For the directory's curators: the organisation that is told, which has no "
        "account of its own. Left out: your own organisation."
    ),
]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [fields]})


class NewWebhook(BaseModel):
    """To be told by signed webhook (Standard Webhooks 1.0)."""

    model_config = _example(
        channel="webhook",
        url="https://hooks.example.org/linkway",
        event_types=["referral-created", "referral-withdrawn"],
        signature="ed25519",
        contact="office@example.org",
    )

    organisation_id: OrganisationId = None
    channel: Literal["webhook"]
    url: Url
    event_types: EventTypes
    signature: Signature = Field(
        "hmac",
        description="`hmac`: a secret that you keep checks signatures (`v1`). `ed25519`: a public "
        "key does, and there is nothing to keep secret (`v1a`).",
    )
    contact: Contact = None


class NewMail(BaseModel):
    """To be told by e-mail."""

    model_config = _example(
        channel="email",
        email="office@example.org",
        event_types=["referral-created", "referral-declined", "referral-completed"],
    )

    organisation_id: OrganisationId = None
    channel: Literal["email"]
    email: Mail
    event_types: EventTypes
    contact: Contact = None


NewSubscription = Annotated[NewWebhook | NewMail, Field(discriminator="channel")]


class Confirmation(BaseModel):
    """The challenge, as it came to the address."""

    model_config = _example(challenge="mJ1xq0vCkq6sVZb2rYw8tQ4LnH7dPz3u")

    challenge: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ResendOrder(BaseModel):
    """Which deliveries to send again."""

    model_config = _example(status="failed")

    since: AwareDatetime | None = Field(
        None,
        description="Recorded since then, such as `2026-03-02T09:00:00Z`; at most 30 days ago. "
        "Left out: the last seven days.",
    )
    status: ResendStatus = Field(
        "failed",
        description="`failed`: given up after the whole schedule, or refused for good. "
        "`cancelled`: dropped when the subscription was disabled.",
    )


class SubscriptionReceipt(BaseModel):
    """The answer to a command.

    ``secret``, for a webhook signed by HMAC, is given this once; ``public_key`` checks
    Ed25519 signatures.
    """

    id: str
    version: int
    status: SubscriptionStatus
    secret: str | None = None
    public_key: str | None = None

    @classmethod
    def of(cls, saved: Saved[Subscription], **more: str | None) -> Self:
        """The receipt for a subscription as saved."""
        status = saved.receipt.get("status", saved.state.status)
        return cls(id=saved.id, version=saved.version, status=status, **more)


class ChallengeView(BaseModel):
    """How asking the address to prove whose it is has gone so far."""

    attempt_count: int
    last_outcome: OutcomeCode | None
    next_attempt_at: datetime | None
    expires_at: datetime


class ResendView(BaseModel):
    """The last order to send again."""

    since: datetime
    status: ResendStatus
    asked_at: datetime
    done: bool
    requeued: int


class SubscriptionView(BaseModel):
    """A subscription as its own organisation sees it; the secret is not shown again.

    ``made_by_organisation``: the curators' who made it for an organisation without an account.
    """

    id: str
    version: int
    organisation_id: str
    made_by_organisation: str | None
    channel: Channel
    url: str | None
    email: str | None
    contact: str | None
    event_types: list[str]
    status: SubscriptionStatus
    disabled_reason: DisabledReason | None
    disabled_at: datetime | None
    public_key: str | None
    challenge: ChallengeView | None
    resend: ResendView | None
    created_at: datetime

    @classmethod
    def of(cls, saved: Saved[Subscription]) -> Self:
        """The view of a subscription."""
        state = saved.state
        asked = state.challenge
        return cls(
            id=saved.id,
            version=saved.version,
            organisation_id=state.organisation_id,
            made_by_organisation=state.made_by_organisation,
            channel=state.channel,
            url=state.address if state.channel == "webhook" else None,
            email=state.address if state.channel == "email" else None,
            contact=state.contact,
            event_types=list(state.event_types),
            status=state.status,
            disabled_reason=state.disabled_reason,
            disabled_at=state.disabled_at,
            public_key=state.keys[0].public if state.keys else None,
            challenge=asked
            and ChallengeView(
                attempt_count=asked.attempts,
                last_outcome=asked.last_outcome,
                next_attempt_at=asked.next_attempt_at,
                expires_at=asked.expires_at,
            ),
            resend=state.resend and ResendView(**state.resend.model_dump(exclude={"id"})),
            created_at=state.created_at,
        )
