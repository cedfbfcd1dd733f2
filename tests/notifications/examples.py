"""Made-up organisations, facts and deliveries, for the tests of notifications."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.notifications.domain import (
    Delivery,
    Signature,
    Subscription,
    confirm,
    delivery_of,
    new_challenge,
    subscribe,
)
from services.notifications.keyring import Keyring
from shared.cause import Actor, Cause
from shared.events import (
    AccessOverridden,
    CapacityChanged,
    Channel,
    Event,
    EventActor,
    GoalUpdated,
    ReferralAccepted,
    ReferralCreated,
    ReferralEvent,
)
from shared.ids import new_id

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANT = "icb-demo"
PRACTICE = "Y90001"
TEAM = "5d2f3a52-0b61-4f5e-8f0a-000000000001"
GROUP = "5d2f3a52-0b61-4f5e-8f0a-000000000002"
CASE = "0190c0de-0000-7000-8000-000000000001"
REFERRAL = "0190c0de-0000-7000-8000-000000000002"
SERVICE = "0190c0de-0000-7000-8000-000000000003"
PERSON = "0190c0de-0000-7000-8000-0000000000aa"
KEYRING = Keyring([SecretStr(Fernet.generate_key().decode())])
CODE = "the-challenge"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

PROVIDER = Actor("provider-1", "provider", GROUP, TENANT)
REFERRER = Actor("practice-1", "referrer", PRACTICE, TENANT)
OPERATOR = Actor("operator-1", "operations", "icb", TENANT)

E = TypeVar("E", bound=ReferralEvent)


def asked(actor: Actor = PROVIDER, *, at: datetime = NOON, key: str = "") -> Cause:
    """The cause of a request about a subscription; one with a key is the same each time."""
    asking = replace(actor, operation=actor.operation or "GET /subscriptions/{subscription_id}")
    return Cause(id=key or new_id(), actor=asking, at=at, repeatable=bool(key))


def heard(event_id: str, *, at: datetime = NOON, tenant: str = TENANT) -> Cause:
    """The cause of a fact that came by Kafka."""
    actor = Actor("notifications", "service", PRACTICE, tenant)
    return Cause(id=event_id, actor=actor, at=at, traceparent=TRACE, repeatable=True)


def fact(event: type[E], *, provider: str = GROUP, **said: Any) -> E:
    """A fact about an onward referral of the practice's case to the group."""
    own: dict[str, Any] = {
        "tenant": TENANT,
        "seq": 1,
        "occurred_at": NOON,
        "actor": EventActor(role="link_worker", organisation=TEAM),
        "case_id": CASE,
        "person_id": PERSON,
        "source_organisation_id": PRACTICE,
        "team_organisation_id": TEAM,
        "referral_id": REFERRAL,
        "kind": "onward",
        "service_id": SERVICE,
        "referrer_organisation_id": TEAM,
        "provider_organisation_id": provider,
    }
    return event.model_validate({**own, **said})


def created(**said: Any) -> ReferralCreated:
    return fact(ReferralCreated, need_codes=("loneliness",), **said)


def accepted(**said: Any) -> ReferralAccepted:
    return fact(ReferralAccepted, assigned_to="worker-1", **said)


def goal_updated() -> GoalUpdated:
    return GoalUpdated(
        tenant=TENANT,
        seq=7,
        occurred_at=NOON,
        actor=EventActor(role="link_worker", organisation=TEAM),
        case_id=CASE,
        person_id=PERSON,
        source_organisation_id=PRACTICE,
        team_organisation_id=TEAM,
        goal_id="goal-1",
        change="progressed",
        lifecycle_status="active",
        achievement_status="improving",
        confidence=6,
    )


def capacity_changed() -> CapacityChanged:
    return CapacityChanged(
        tenant=TENANT,
        seq=4,
        occurred_at=NOON,
        actor=EventActor(role="provider", organisation=GROUP),
        service_id=SERVICE,
        organisation_id=GROUP,
        service_role="community",
        unit="places",
        maximum=8,
        available=3,
    )


def opened(team: str) -> AccessOverridden:
    """That someone broke the glass on a person of this team's."""
    return AccessOverridden(
        tenant=TENANT,
        occurred_at=NOON,
        actor=EventActor(role="link_worker", organisation="other-team"),
        person_id=PERSON,
        override_id="override-1",
        team_organisation_id=team,
        until=NOON,
    )


def pending(
    *event_types: str,
    actor: Actor = PROVIDER,
    channel: Channel = "webhook",
    address: str = "https://hooks.example.org/linkway",
    at: datetime = NOON,
    contact: str | None = None,
    signature: Signature = "hmac",
) -> Subscription:
    """A subscription whose address has not answered yet."""
    return subscribe(
        asked(actor, at=at),
        id=new_id(),
        channel=channel,
        address=address,
        contact=contact,
        event_types=event_types or ("referral-created",),
        key=KEYRING.make(new_id(), signature) if channel == "webhook" else None,
        challenge=new_challenge(CODE, at),
    )


def subscription(*event_types: str, at: datetime = NOON, **said: Any) -> Subscription:
    """An active subscription."""
    made = pending(*event_types, at=at, **said)
    active, _ = confirm(made, CODE, heard("confirmed", at=at))
    return active


def secret_of(of: Subscription) -> str:
    """The secret that checks the signatures of a subscription's webhooks."""
    secret = KEYRING.secret(of.keys[0])
    assert secret
    return secret


def delivery(
    event: Event | None = None, *, to: Subscription | None = None, event_id: str = ""
) -> Delivery:
    """A delivery recorded at noon."""
    return delivery_of(event or created(), to or subscription(), heard(event_id or new_id()))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
