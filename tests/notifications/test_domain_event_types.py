"""Which facts organisations may hear."""

import pytest

from services.notifications.domain import EVENT_TYPES, hears
from shared.cause import Actor
from shared.events import ALL_EVENTS, ReferralConsentWithdrawn
from tests.notifications.examples import (
    GROUP,
    PRACTICE,
    TEAM,
    TENANT,
    fact,
    opened,
    subscription,
)


def test_what_organisations_may_subscribe_to_follows_from_what_a_fact_is_about() -> None:
    told = {
        "referral-created", "referral-consent-withdrawn", "contact-attempted",
        "appointment-missed", "capacity-changed", "service-problem-reported",
        "organisation-changed", "goal-updated", "measure-recorded",
    }  # fmt: skip
    assert told <= EVENT_TYPES
    for event in ALL_EVENTS:
        for_services = (
            event.type == "case-profiled"
            or "-erasure-" in event.type
            or event.type.startswith(
                ("person-", "consent-", "session-", "need-unmet", "notification-", "message-back-")
            )
        )
        assert (event.type in EVENT_TYPES) != for_services, event.type


@pytest.mark.parametrize("organisation", [PRACTICE, TEAM, GROUP])
def test_person_withdraws_consent_and_every_recipient_is_told_whatever_it_asked_for(
    organisation: str,
) -> None:
    actor = Actor("x", "provider", organisation, TENANT)
    assert hears(subscription("goal-updated", actor=actor), fact(ReferralConsentWithdrawn))
    stranger = Actor("x", "provider", "another-group", TENANT)
    assert not hears(subscription(actor=stranger), fact(ReferralConsentWithdrawn))


def test_the_team_is_told_that_the_glass_was_broken_whatever_it_asked_for() -> None:
    lead = Actor("x", "team_lead", TEAM, TENANT)
    assert hears(subscription("goal-updated", actor=lead), opened(TEAM))
    for other in (PRACTICE, GROUP):
        stranger = Actor("x", "team_lead", other, TENANT)
        assert not hears(subscription("access-overridden", actor=stranger), opened(TEAM))
