"""Providers without an account: the mail carries a link, or does not go."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.notifications.domain import Delivery, RetryPolicy, record_attempt
from services.notifications.domain.deliveries import OWNER_AWAY_WAIT
from services.notifications.mail import MailSender, MailServer
from services.notifications.messages import Links
from shared.devissuer import DevIssuer
from shared.events import Event, EventActor, ReferralReminderDue, ServiceAssuranceDue
from tests.notifications.examples import (
    GROUP,
    NOON,
    REFERRER,
    SERVICE,
    TENANT,
    accepted,
    created,
    delivery,
    fact,
    heard,
    seconds,
    subscription,
)
from tests.notifications.owning import OwnersApi, owners_api
from tests.notifications.receivers import MailReceiver

OFFICE = "office@group.example.org"
TO_GROUP = subscription(channel="email", address=OFFICE)


def assurance_due() -> ServiceAssuranceDue:
    return ServiceAssuranceDue(
        tenant=TENANT,
        occurred_at=NOON,
        actor=EventActor(role="service", organisation="directory"),
        service_id=SERVICE,
        organisation_id=GROUP,
        service_role="community",
        stage="first",
    )


@pytest.fixture
async def api(issuer: DevIssuer) -> AsyncIterator[OwnersApi]:
    async with owners_api(issuer) as own:
        yield own


@pytest.fixture
def sender(api: OwnersApi, mailbox: MailReceiver, links: Links) -> MailSender:
    server = MailServer(host="127.0.0.1", port=mailbox.port, timeout=seconds(1))
    return MailSender(
        server, mail_from="no-reply@linkway.example", links=links, owners=api.owners()
    )


def said(mailbox: MailReceiver) -> str:
    return str(mailbox.mails[0].get_content()).replace("\r\n", "\n")


def to_group(event: Event) -> Delivery:
    return delivery(event, to=TO_GROUP)


@pytest.mark.parametrize("event", [created(), fact(ReferralReminderDue, stage="first")])
async def test_the_provider_is_asked_with_a_link_to_answer_by(
    sender: MailSender, mailbox: MailReceiver, event: Event
) -> None:
    assert (await sender.send(to_group(event), TO_GROUP)).delivered
    body = said(mailbox)
    assert (
        "Answer here, without an account (until 16 March 2026):\nhttps://linkway.example.org/l/1"
    ) in body
    assert "Please do not pass it on." in body


async def test_a_listing_is_confirmed_by_a_link(
    sender: MailSender, mailbox: MailReceiver, api: OwnersApi
) -> None:
    assert (await sender.send(to_group(assurance_due()), TO_GROUP)).delivered
    assert "Confirm here that it is right" in said(mailbox)
    assert api.asked == [f"link {SERVICE}"]


async def test_each_attempt_has_a_link_of_its_own(
    sender: MailSender, mailbox: MailReceiver
) -> None:
    message = to_group(created())
    mailbox.data.append("451 Try again later")
    assert (await sender.send(message, TO_GROUP)).code == "mail_deferred"
    assert (await sender.send(message, TO_GROUP)).delivered
    assert "https://linkway.example.org/l/2\n" in said(mailbox)


@pytest.mark.parametrize("event", [created(kind="signpost"), created(kind="intake"), accepted()])
async def test_where_nothing_is_asked_by_link_there_is_none(
    sender: MailSender, mailbox: MailReceiver, api: OwnersApi, event: Event
) -> None:
    assert (await sender.send(to_group(event), TO_GROUP)).delivered
    assert api.asked == []
    assert "without an account" not in said(mailbox)


async def test_whoever_only_hears_of_it_gets_no_link(
    sender: MailSender, mailbox: MailReceiver, api: OwnersApi
) -> None:
    practice = subscription(actor=REFERRER, channel="email", address="a@practice.example.org")
    assert (await sender.send(delivery(created(), to=practice), practice)).delivered
    assert api.asked == []
    assert len(mailbox.mails) == 1


async def test_an_owner_away_is_a_deferred_attempt_and_never_a_mail_without_its_link(
    sender: MailSender, mailbox: MailReceiver, api: OwnersApi
) -> None:
    api.away = True
    message = to_group(created())
    outcome = await sender.send(message, TO_GROUP)
    assert outcome.code == "owner_away"
    assert mailbox.mails == []
    deferred, events = record_attempt(
        message,
        outcome,
        heard("attempt"),
        started=NOON,
        policy=RetryPolicy(waits=(timedelta(0),)),
        jitter=0,
    )
    assert (deferred.status, deferred.attempts, events) == ("queued", (), ())
    assert deferred.next_attempt_at == NOON + OWNER_AWAY_WAIT


async def test_a_referral_answered_meanwhile_needs_no_mail(
    sender: MailSender, mailbox: MailReceiver, api: OwnersApi
) -> None:
    api.link_status = 409
    message = to_group(created())
    outcome = await sender.send(message, TO_GROUP)
    assert (outcome.code, outcome.final) == ("not_needed", True)
    assert mailbox.mails == []
    ended, events = record_attempt(
        message,
        outcome,
        heard("attempt"),
        started=NOON,
        policy=RetryPolicy(waits=(timedelta(0), timedelta(0))),
        jitter=0,
    )
    assert (ended.status, events) == ("cancelled", ())
