"""Consent withdrawn: queued notices to whoever may no longer hear of the person."""

from datetime import timedelta

import pytest

from services.notifications import handlers
from services.notifications.store import Stores
from shared.events import (
    Event,
    ReferralAccepted,
    ReferralConsentWithdrawn,
    ReferralCreated,
    ReferralWithdrawn,
)
from tests.notifications.examples import (
    GROUP,
    NOON,
    PROVIDER,
    REFERRER,
    TENANT,
    asked,
    fact,
    heard,
    subscription,
)

ASKED_FOR = (ReferralCreated.type, ReferralAccepted.type, ReferralWithdrawn.type)


@pytest.fixture
async def listening(stores: Stores) -> None:
    for actor in (PROVIDER, REFERRER):
        made = subscription(*ASKED_FOR, actor=actor, address=f"https://{actor.subject}.example.org")
        await stores.subscriptions.insert(
            made.id, made.model_copy(update={"status": "active"}), (), asked(actor)
        )


async def statuses(stores: Stores) -> dict[str, str]:
    """Of the provider's messages, by what they tell of."""
    page = await stores.deliveries.find(TENANT, {"state.organisation_id": GROUP})
    return {saved.state.about.type: saved.state.status for saved in page.items}


@pytest.mark.usefixtures("listening")
async def test_person_withdraws_consent_and_queued_notices_to_the_provider_are_cancelled(
    stores: Stores,
) -> None:
    events: list[Event] = [
        fact(ReferralCreated),
        fact(ReferralAccepted),
        fact(ReferralWithdrawn, reason_code="consent_withdrawn"),
    ]
    for n, event in enumerate(events):
        await handlers.tell(stores, event, heard(f"event-{n}"))
    withdrawn = fact(ReferralConsentWithdrawn, occurred_at=NOON + timedelta(seconds=1))
    await handlers.withdraw_notices(stores, withdrawn, heard("withdrawn"))
    await handlers.tell(stores, withdrawn, heard("withdrawn"))
    assert await statuses(stores) == {
        "referral-created": "cancelled",
        "referral-accepted": "cancelled",
        "referral-withdrawn": "queued",
        "referral-consent-withdrawn": "queued",
    }
    others = {"state.organisation_id": REFERRER.organisation, "state.status": "cancelled"}
    assert await stores.deliveries.count(TENANT, others) == 0


@pytest.mark.usefixtures("listening")
async def test_what_came_after_the_withdrawal_stays(stores: Stores) -> None:
    later = fact(ReferralAccepted, occurred_at=NOON + timedelta(seconds=5))
    await handlers.tell(stores, later, heard("event-1"))
    await handlers.withdraw_notices(stores, fact(ReferralConsentWithdrawn), heard("withdrawn"))
    assert await statuses(stores) == {"referral-accepted": "queued"}
