"""Edge cases of the domain, each by its name: deceased, safe contact, consent, replay."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.handlers import people
from services.notifications.store import Stores
from shared.devissuer import DevIssuer
from shared.events import ConsentWithdrawn, PersonMerged, ReferralAccepted, ReferralWaitlisted
from tests.notifications.examples import GROUP, NOON, PERSON, TENANT, fact, heard
from tests.notifications.owning import EMAIL, LETTER, SMS, by, reachable
from tests.notifications.peopling import (
    MINUTE,
    Stage,
    about_person,
    booked,
    deceased,
    reminder,
    revoked,
    staged,
)
from tests.notifications.receivers import MailReceiver


@pytest.fixture
async def stage(stores: Stores, mailbox: MailReceiver, issuer: DevIssuer) -> AsyncIterator[Stage]:
    async with staged(stores, mailbox, issuer) as own:
        yield own


async def test_deceased_takes_back_all_that_waits_before_anything_else(stage: Stage) -> None:
    await stage.hear(booked())
    await stage.hear(fact(ReferralWaitlisted), "event-2")
    await stage.death(deceased(), "death")
    assert {each.status for each in await stage.messages()} == {"suppressed"}
    assert {each.reason for each in await stage.messages()} == {"deceased"}
    assert await stage.published() == ["notification-suppressed"] * 2
    assert await stage.work() == 0
    assert stage.api.asked == []
    assert stage.notify.taken == []


async def test_deceased_holds_for_news_that_comes_later_though_the_owner_is_away(
    stage: Stage,
) -> None:
    await stage.death(deceased(), "death")
    stage.api.away = True
    await stage.hear(reminder())
    await stage.work()
    assert (await stage.message()).reason == "deceased"
    assert stage.api.asked == []


async def test_deceased_in_error_lets_what_is_still_worth_sending_go(stage: Stage) -> None:
    await stage.hear(booked(start=NOON + timedelta(hours=1)))
    await stage.hear(booked("appointment-2"), "event-2")
    await stage.death(deceased(seq=5), "death")
    stage.now += timedelta(hours=2)
    await stage.death(revoked(seq=6), "revoked")
    await stage.work()
    assert {each.thing: each.status for each in await stage.messages()} == {
        "appointment-1": "suppressed",
        "appointment-2": "sent",
    }
    assert len(stage.notify.taken) == 1


async def test_deceased_facts_that_come_late_or_twice_change_nothing(stage: Stage) -> None:
    await stage.death(revoked(seq=6), "revoked")
    await stage.hear(booked())
    await stage.death(deceased(seq=5), "death")
    assert (await stage.message()).status == "queued"
    await stage.death(deceased(seq=7), "again")
    await stage.death(revoked(seq=6), "revoked")
    assert (await stage.message()).reason == "deceased"


async def test_deceased_by_the_owners_word_alone_is_enough(stage: Stage) -> None:
    stage.api.person = reachable(suppressed="deceased")
    await stage.hear(booked())
    await stage.work()
    assert (await stage.message()).reason == "deceased"
    assert (stage.api.asked, stage.api.tenants) == ([f"person {PERSON}"], [TENANT])


async def test_domestic_abuse_safe_contact_keeps_to_safe_channel_and_hours(stage: Stage) -> None:
    at_work = by("sms", "07700900456", safe_from="10:00", safe_to="11:00")
    stage.api.person = reachable(at_work, neutral_sender=True)
    await stage.hear(reminder())
    await stage.work()
    assert (await stage.message()).next_attempt_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    await stage.work(after=timedelta(hours=22))
    [sent] = stage.notify.taken
    assert (sent.to, sent.sender_id) == ("07700900456", "neutral")
    assert sent.fields["body"] == (
        "Hello Sam. A reminder: Thursday 5 March at 12:00pm. "
        "If this does not suit you, please get in touch with us."
    )


async def test_domestic_abuse_safe_contact_shows_no_sender_in_a_mail(stage: Stage) -> None:
    stage.api.person = reachable(EMAIL, neutral_sender=True)
    await stage.hear(fact(ReferralAccepted))
    await stage.work()
    [mail] = stage.mailbox.mails
    assert mail["from"] == "Messages <no-reply@messages.example>"
    assert "linkway" not in mail.as_string().lower()
    assert mail["subject"] == "Good news"


async def test_domestic_abuse_safe_contact_never_falls_back_to_a_way_not_listed(
    stage: Stage,
) -> None:
    stage.api.person = reachable(SMS, neutral_sender=True)
    stage.notify.failures.append(400)
    await stage.hear(booked())
    await stage.work()
    assert (await stage.message()).status == "failed"
    assert stage.mailbox.mails == []


async def test_person_withdraws_consent_and_what_waits_is_taken_back(stage: Stage) -> None:
    await stage.hear(booked())
    event = about_person(ConsentWithdrawn)
    assert isinstance(event, ConsentWithdrawn)
    await people.heard_of_withdrawn_consent(stage.stores, event, heard("withdrawn", at=stage.now))
    message = await stage.message()
    assert (message.status, message.reason) == ("suppressed", "no_consent")
    assert await stage.work() == 0
    assert await stage.published() == ["notification-suppressed"]


@pytest.mark.parametrize(("recipients", "status"), [([GROUP], "suppressed"), (["x"], "queued")])
async def test_person_withdraws_consent_from_some_and_only_theirs_is_taken_back(
    stage: Stage, recipients: list[str], status: str
) -> None:
    await stage.hear(booked())
    event = about_person(ConsentWithdrawn, recipient_organisation_ids=recipients)
    assert isinstance(event, ConsentWithdrawn)
    await people.heard_of_withdrawn_consent(stage.stores, event, heard("withdrawn", at=stage.now))
    assert (await stage.message()).status == status


async def test_person_withdraws_consent_heard_again_later_leaves_newer_news_alone(
    stage: Stage,
) -> None:
    stage.now = NOON + MINUTE
    await stage.hear(booked(occurred_at=stage.now))
    event = about_person(ConsentWithdrawn)
    assert isinstance(event, ConsentWithdrawn)
    await people.heard_of_withdrawn_consent(stage.stores, event, heard("withdrawn", at=stage.now))
    assert (await stage.message()).status == "queued"


async def test_merge_persons_sends_to_the_record_that_stays(stage: Stage) -> None:
    await stage.hear(booked())
    event = about_person(PersonMerged, person_id="survivor", retired_id=PERSON)
    assert isinstance(event, PersonMerged)
    await people.heard_of_merge(stage.stores, event, heard("merged", at=stage.now))
    await stage.work()
    assert stage.api.asked == ["person survivor"]


async def test_retries_and_late_events_resend_no_notice(stage: Stage) -> None:
    stage.api.person = reachable(EMAIL, LETTER)
    events = [(booked(), "event-1"), (fact(ReferralWaitlisted), "event-2"), (reminder(), "event-3")]
    for event, event_id in events:
        await stage.hear(event, event_id)
        await stage.work()
    told = len(stage.mailbox.mails)
    for event, event_id in [*reversed(events), *events]:
        await stage.hear(event, event_id)
        await stage.work(after=MINUTE)
    assert told == 3
    assert len(stage.mailbox.mails) == 3
    assert len(await stage.messages()) == 3
