import json

import pytest

from services.notifications.domain import EVENT_TYPES
from services.notifications.messages import Links, mail_text, webhook_body
from tests.notifications.examples import (
    PERSON,
    REFERRER,
    TEAM,
    accepted,
    capacity_changed,
    created,
    delivery,
    goal_updated,
    opened,
    subscription,
)


def test_a_webhook_says_what_happened_to_which_record_and_where_to_read_it(links: Links) -> None:
    body = json.loads(webhook_body(delivery(created(), event_id="event-1"), links))
    assert body == {
        "type": "referral-created",
        "timestamp": "2026-03-02T12:00:00+00:00",
        "data": {
            "event_id": "event-1",
            "seq": 1,
            "case_id": "0190c0de-0000-7000-8000-000000000001",
            "referral_id": "0190c0de-0000-7000-8000-000000000002",
            "kind": "onward",
            "service_id": "0190c0de-0000-7000-8000-000000000003",
            "dataref": "https://referrals.example.org/referrals/"
            "0190c0de-0000-7000-8000-000000000002",
        },
    }


def test_the_link_leads_to_the_owner_of_the_record(links: Links) -> None:
    assert links.to(delivery(goal_updated()).about) == (
        "https://outcomes.example.org/plans/0190c0de-0000-7000-8000-000000000001"
    )
    assert links.to(delivery(capacity_changed()).about) == (
        "https://directory.example.org/services/0190c0de-0000-7000-8000-000000000003"
    )


def test_a_record_opened_in_an_emergency_links_to_who_did_and_why(links: Links) -> None:
    about = delivery(opened(TEAM)).about
    assert links.to(about) == f"https://referrals.example.org/persons/{PERSON}/overrides"


def test_a_mail_to_whoever_referred_says_that_it_arrived(links: Links) -> None:
    subject, body = mail_text(delivery(to=subscription(actor=REFERRER)), links)
    assert subject == "Referral received"
    assert "passed to the service it was made to" in body
    assert "Reference: 0190c0de-0000-7000-8000-000000000002" in body
    assert "Time: 02 March 2026, 12:00 UTC" in body
    assert "https://referrals.example.org/referrals/0190c0de-0000-7000-8000-000000000002\n" in body


def test_a_mail_to_the_provider_asks_it_to_answer(links: Links) -> None:
    subject, body = mail_text(delivery(), links)
    assert subject == "New referral for your service"
    assert "accept it, put it on your\nwaiting list or decline it" in body


def test_a_provider_without_a_text_of_its_own_is_informed(links: Links) -> None:
    declined = delivery(accepted())
    as_other = declined.model_copy(
        update={"about": declined.about.model_copy(update={"type": "referral-declined"})}
    )
    assert mail_text(as_other, links)[0] == "Referral declined"


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
@pytest.mark.parametrize("part", ["provider", "informed"])
def test_there_is_a_text_for_every_event_and_recipient(
    event_type: str, part: str, links: Links
) -> None:
    about = delivery().about.model_copy(update={"type": event_type})
    subject, body = mail_text(delivery().model_copy(update={"about": about, "part": part}), links)
    assert 5 <= len(subject) <= 60
    assert "\n" not in subject
    assert "$" not in body
