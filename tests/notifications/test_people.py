"""Messages to persons: real MongoDB, mail server and HTTP exchanges, and a clock of the test's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.store import Stores
from shared.devissuer import DevIssuer
from shared.events import (
    CaseProfiled,
    ContactAttempted,
    Event,
    ReferralAccepted,
    ReferralCreated,
    ReferralExpired,
    ReferralReviewDue,
    ReferralWaitlisted,
    ReferralWithdrawn,
)
from tests.notifications.examples import NOON, TENANT, fact
from tests.notifications.owning import EMAIL, LETTER, SMS, by, reachable
from tests.notifications.peopling import MINUTE, Stage, booked, cancelled, reminder, staged
from tests.notifications.receivers import MailReceiver


@pytest.fixture
async def stage(stores: Stores, mailbox: MailReceiver, issuer: DevIssuer) -> AsyncIterator[Stage]:
    async with staged(stores, mailbox, issuer) as own:
        yield own


async def test_an_appointment_is_told_of_by_text_message(stage: Stage) -> None:
    await stage.hear(booked())
    await stage.work()
    [sent] = stage.notify.taken
    assert (sent.kind, sent.to, sent.sender_id) == ("sms", "07700900123", None)
    assert sent.fields["body"] == (
        "Hello Sam. Your appointment is on Thursday 5 March at 12:00pm, by telephone. "
        "If you need to change it, please contact your link worker."
    )
    message = await stage.message()
    assert (message.status, message.channel) == ("sent", "sms")
    assert (message.template, message.template_version, message.language) == (
        "appointment-booked",
        1,
        "en",
    )
    assert await stage.published() == []
    await stage.work(after=61 * MINUTE)
    assert (await stage.message()).status == "delivered"
    assert await stage.published() == ["notification-delivered"]


async def test_neither_address_nor_name_nor_words_are_kept(stage: Stage) -> None:
    stage.api.person = reachable(SMS, EMAIL, LETTER)
    await stage.hear(booked())
    await stage.work()
    [document] = await stage.stores.person_messages.aggregate([{"$match": {"tenant": TENANT}}])
    kept = str(document)
    for secret in ("07700900123", "sam@example.org", "Sam", "ZZ1", "Hello", "link worker"):
        assert secret not in kept


async def test_the_same_event_again_tells_nobody_again(stage: Stage) -> None:
    await stage.hear(booked())
    await stage.work()
    await stage.hear(booked())
    await stage.work(after=61 * MINUTE)
    await stage.hear(booked())
    await stage.work(after=MINUTE)
    assert len(stage.notify.taken) == 1
    assert len(await stage.messages()) == 1


async def test_old_facts_read_again_from_the_beginning_tell_nobody(stage: Stage) -> None:
    stage.now = NOON + timedelta(days=2, seconds=1)
    await stage.hear(booked())
    await stage.hear(fact(ReferralWaitlisted), "event-2")
    assert await stage.messages() == []


async def test_an_appointment_that_has_begun_is_told_of_to_nobody(stage: Stage) -> None:
    await stage.hear(booked(start=NOON))
    assert await stage.messages() == []


@pytest.mark.parametrize(
    ("event", "template"),
    [
        (fact(ReferralCreated, kind="intake"), "referral-received"),
        (fact(ReferralCreated), "referral-made"),
        (fact(ReferralCreated, kind="signpost"), None),
        (fact(ReferralAccepted), "referral-accepted"),
        (fact(ReferralWaitlisted), "referral-waitlisted"),
        (fact(ReferralReviewDue, waiting_days=28), "still-waiting"),
        (fact(ReferralExpired), "looking-again"),
        (fact(ReferralExpired, kind="intake"), None),
        (fact(ReferralWithdrawn, reason_code="person_declined"), None),
        (booked(replaces="appointment-0"), "appointment-moved"),
        (cancelled(replaced_by="appointment-2"), None),
        (cancelled(), "appointment-cancelled"),
        (reminder(), "appointment-reminder"),
        (fact(CaseProfiled), None),
    ],
)
async def test_what_a_person_is_told_of(stage: Stage, event: Event, template: str | None) -> None:
    await stage.hear(event)
    told = [message.template for message in await stage.messages()]
    assert told == ([] if template is None else [template])


async def test_stuck_on_waiting_list_the_person_is_told_that_they_are_not_forgotten(
    stage: Stage,
) -> None:
    stage.api.person = reachable(EMAIL)
    await stage.hear(fact(ReferralReviewDue, waiting_days=28))
    await stage.work()
    [mail] = stage.mailbox.mails
    assert (mail["to"], mail["subject"]) == ("sam@example.org", "You are still on the waiting list")
    message = await stage.message()
    assert mail["message-id"] == f"<{message.id}@linkway.example>"
    assert message.status == "delivered"


async def test_a_letter_has_the_lines_of_the_address(stage: Stage) -> None:
    stage.api.person = reachable(LETTER)
    await stage.hear(fact(ReferralWaitlisted))
    await stage.work()
    [sent] = stage.notify.taken
    assert sent.kind == "letter"
    assert [sent.fields[f"address_line_{n}"] for n in (1, 2, 3)] == [
        "Sam Example",
        "1 Test Street",
        "ZZ1 1ZZ",
    ]
    assert sent.fields["subject"] == "You are on a waiting list"


async def test_a_reminder_waits_for_the_safe_hour_and_asks_anew_then(stage: Stage) -> None:
    evening = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "18:00", "to": "19:00"}
    stage.api.person = reachable(SMS, safe_hours=[evening])
    await stage.hear(reminder())
    await stage.work()
    assert stage.notify.taken == []
    assert (await stage.message()).next_attempt_at == datetime(2026, 3, 2, 18, tzinfo=UTC)
    stage.api.person = reachable(by("sms", "07700900456"), safe_hours=[evening])
    await stage.work(after=timedelta(hours=6))
    assert [each.to for each in stage.notify.taken] == ["07700900456"]


async def test_what_is_out_of_date_before_it_was_sent_is_not_sent(stage: Stage) -> None:
    stage.now = datetime(2026, 3, 2, 22, tzinfo=UTC)
    await stage.hear(booked(occurred_at=stage.now))
    await stage.work()
    await stage.hear(cancelled(occurred_at=stage.now + MINUTE), "event-2")
    await stage.work(after=timedelta(hours=10))
    assert {each.template: each.status for each in await stage.messages()} == {
        "appointment-booked": "cancelled",
        "appointment-cancelled": "sent",
    }
    [sent] = stage.notify.taken
    assert "has been cancelled" in sent.fields["body"]


async def test_a_contact_attempt_leaves_what_waits_alone(stage: Stage) -> None:
    stage.now = datetime(2026, 3, 2, 22, tzinfo=UTC)
    await stage.hear(fact(ReferralWaitlisted, occurred_at=stage.now))
    attempt = fact(
        ContactAttempted,
        occurred_at=stage.now + MINUTE,
        attempt_id="attempt-1",
        channel="telephone",
        outcome_code="no_answer",
    )
    await stage.hear(attempt, "event-2")
    assert (await stage.message()).status == "queued"


@pytest.mark.parametrize("reason", ["do_not_contact", "restricted", "no_consent"])
async def test_what_the_owner_suppresses_is_not_sent_and_that_is_said(
    stage: Stage, reason: str
) -> None:
    stage.api.person = reachable(suppressed=reason)
    await stage.hear(booked())
    await stage.work()
    message = await stage.message()
    assert (message.status, message.reason) == ("suppressed", reason)
    assert stage.notify.taken == []
    assert await stage.published() == ["notification-suppressed"]


async def test_someone_with_no_channel_is_said_to_be_not_reached(stage: Stage) -> None:
    stage.api.person = reachable()
    await stage.hear(booked())
    await stage.work()
    assert (await stage.message()).reason == "no_channel"


async def test_someone_who_is_not_known_any_more_is_sent_nothing(stage: Stage) -> None:
    stage.api.person = None
    await stage.hear(booked())
    await stage.work()
    assert (await stage.message()).reason == "unknown_person"


async def test_an_owner_that_is_away_defers_and_counts_as_no_attempt(stage: Stage) -> None:
    stage.api.away = True
    await stage.hear(booked())
    await stage.work()
    message = await stage.message()
    assert (message.status, message.attempts, message.deferrals) == ("queued", (), 1)
    assert message.next_attempt_at == NOON + timedelta(seconds=5)
    stage.api.away = False
    await stage.work(after=timedelta(seconds=5))
    assert len(stage.notify.taken) == 1


async def test_a_failing_carrier_is_tried_again_and_then_the_next_channel(stage: Stage) -> None:
    stage.api.person = reachable(SMS, EMAIL)
    stage.notify.failures.extend([429, 500])
    await stage.hear(booked())
    await stage.work()
    message = await stage.message()
    assert message.status == "queued"
    assert message.next_attempt_at is not None
    assert NOON + MINUTE <= message.next_attempt_at <= NOON + timedelta(seconds=66)
    await stage.work(after=timedelta(seconds=67))
    ended = await stage.message()
    assert (ended.status, ended.channel, ended.given_up) == ("delivered", "email", ("sms",))
    assert [each.outcome for each in ended.attempts] == ["busy", "failing", "accepted"]
    assert len(stage.mailbox.mails) == 1


async def test_a_number_that_is_none_is_not_tried_twice(stage: Stage) -> None:
    stage.notify.failures.append(400)
    await stage.hear(booked())
    await stage.work()
    message = await stage.message()
    assert (message.status, message.reason) == ("failed", "refused")
    assert await stage.published() == ["notification-failed"]


async def test_a_number_that_turns_out_to_be_dead_leads_to_the_next_channel(stage: Stage) -> None:
    stage.api.person = reachable(SMS, EMAIL)
    stage.notify.status = "permanent-failure"
    await stage.hear(booked())
    await stage.work()
    await stage.work(after=61 * MINUTE)
    message = await stage.message()
    assert (message.status, message.channel) == ("delivered", "email")


async def test_a_message_nobody_can_tell_of_is_given_up_after_three_days(stage: Stage) -> None:
    stage.notify.status = "sending"
    await stage.hear(booked(start=NOON + timedelta(days=9)))
    await stage.work()
    for _ in range(74):
        await stage.work(after=61 * MINUTE)
    message = await stage.message()
    assert (message.status, message.reason) == ("failed", "unconfirmed")


async def test_an_attempt_cut_off_after_the_carrier_took_it_is_not_repeated(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def dies(*_args: object, **_named: object) -> None:
        raise Killed

    await stage.hear(booked())
    with monkeypatch.context() as patched:
        patched.setattr(stage.worker, "_record", dies)
        with pytest.raises(Killed):
            await stage.work()
    assert len(stage.notify.taken) == 1
    cut_off = await stage.message()
    assert (cut_off.status, cut_off.attempts) == ("queued", ())
    assert cut_off.sending_since == NOON
    await stage.work(after=timedelta(seconds=121))
    message = await stage.message()
    assert len(stage.notify.taken) == 1
    assert (message.status, message.provider_id) == ("sent", stage.notify.taken[0].id)


async def test_two_replicas_send_a_message_once(stage: Stage) -> None:
    for n in range(5):
        await stage.hear(booked(f"appointment-{n}"), f"event-{n}")
    claimed = [
        await stage.stores.person_messages.claim_due(stage.now, timedelta(seconds=60), 32)
        for _ in range(2)
    ]
    assert sorted(len(each) for each in claimed) == [0, 5]
