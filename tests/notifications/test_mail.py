import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from services.notifications.domain import Delivery, Outcome
from services.notifications.mail import MailSender, MailServer
from services.notifications.messages import Links
from shared.testing import free_port
from tests.notifications.examples import NOON, REFERRER, delivery, seconds, subscription
from tests.notifications.receivers import MailReceiver, mail_receiver

OFFICE = "referrals@practice.example.org"
TO_PRACTICE = subscription(actor=REFERRER, channel="email", address=OFFICE)


def sender_to(port: int, links: Links, **more: str | bool) -> MailSender:
    server = MailServer(
        host="127.0.0.1",
        port=port,
        timeout=seconds(1),
        **more,  # type: ignore[arg-type]  # each caller gives what it names
    )
    return MailSender(server, mail_from="Linkway <no-reply@linkway.example>", links=links)


async def send(sender: MailSender, message: Delivery | None = None) -> Outcome:
    return await sender.send(message or delivery(to=TO_PRACTICE), TO_PRACTICE)


async def test_the_practice_is_told_that_its_referral_was_received(
    mailbox: MailReceiver, links: Links
) -> None:
    message = delivery(to=TO_PRACTICE)
    assert await send(sender_to(mailbox.port, links), message) == Outcome(code="delivered")
    [mail] = mailbox.mails
    assert mailbox.recipients == [[OFFICE]]
    assert (mail["from"], mail["to"]) == ("Linkway <no-reply@linkway.example>", OFFICE)
    assert mail["subject"] == "Referral received"
    assert mail["message-id"] == f"<{message.id}@linkway.example>"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["date"].datetime == NOON
    text = mail.get_content()
    assert "Reference: 0190c0de-0000-7000-8000-000000000002" in text
    assert "https://referrals.example.org/referrals/0190c0de-0000-7000-8000-000000000002" in text


async def test_a_repeated_mail_is_the_same_one(mailbox: MailReceiver, links: Links) -> None:
    message = delivery(to=TO_PRACTICE)
    sender = sender_to(mailbox.port, links)
    await send(sender, message)
    await send(sender, message)
    first, second = mailbox.mails
    assert first.as_bytes() == second.as_bytes()


@pytest.mark.parametrize("answer", ["450 Mailbox busy", "451 Try later", "421 Closing"])
async def test_a_passing_refusal_is_tried_again(
    mailbox: MailReceiver, links: Links, answer: str
) -> None:
    mailbox.rcpt.append(answer)
    code = int(answer[:3])
    outcome = await send(sender_to(mailbox.port, links))
    assert outcome == Outcome(code="mail_deferred", status_code=code)
    mailbox.data.append("452 Full")
    outcome = await send(sender_to(mailbox.port, links))
    assert outcome == Outcome(code="mail_deferred", status_code=452)


async def test_a_lasting_refusal_is_final(mailbox: MailReceiver, links: Links) -> None:
    mailbox.rcpt.append("550 No such mailbox")
    outcome = await send(sender_to(mailbox.port, links))
    assert outcome == Outcome(code="mail_rejected", status_code=550, final=True)
    mailbox.data.append("554 Not wanted")
    outcome = await send(sender_to(mailbox.port, links))
    assert outcome == Outcome(code="mail_rejected", status_code=554, final=True)


async def test_a_mail_server_that_is_not_there_is_tried_again(links: Links) -> None:
    assert await send(sender_to(free_port(), links)) == Outcome(code="unreachable")


async def test_a_mail_server_that_hangs_is_given_up_after_the_time_limit(links: Links) -> None:
    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5)
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", port := free_port())
    async with server:
        started = asyncio.get_running_loop().time()
        assert await send(sender_to(port, links)) == Outcome(code="timed_out")
        assert asyncio.get_running_loop().time() - started < 1.4
        await asyncio.sleep(0.7)


async def test_a_refused_sign_in_is_ours_to_put_right_and_the_mail_waits(links: Links) -> None:
    def accounts(*given: object) -> AuthResult:
        data = given[-1]
        return AuthResult(
            success=isinstance(data, LoginPassword) and data.password == b"made-up", handled=False
        )

    async with mail_receiver(authenticator=accounts) as server:
        wrong = sender_to(server.port, links, username="linkway", password="outdated")
        outcome = await send(wrong)
        assert (outcome.code, outcome.final) == ("mail_account_refused", False)
        right = sender_to(server.port, links, username="linkway", password="made-up")
        assert (await send(right)).delivered
        assert len(server.mails) == 1


async def test_a_server_without_starttls_gets_no_mail_where_starttls_is_asked_for(
    mailbox: MailReceiver, links: Links
) -> None:
    outcome = await send(sender_to(mailbox.port, links, starttls=True))
    assert (outcome.code, outcome.final) == ("unreachable", False)
    assert mailbox.mails == []


async def test_a_mail_server_is_not_given_more_connections_than_it_takes(
    mailbox: MailReceiver, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way: set[int] = set()
    most = 0
    take = MailReceiver.handle_DATA

    async def counted(receiver: MailReceiver, *given: Any) -> str:
        nonlocal most
        under_way.add(id(given[1]))
        most = max(most, len(under_way))
        await asyncio.sleep(0.1)
        under_way.discard(id(given[1]))
        return await take(receiver, *given)

    monkeypatch.setattr(MailReceiver, "handle_DATA", counted)
    server = MailServer(host="127.0.0.1", port=mailbox.port, timeout=seconds(20))
    sender = MailSender(server, mail_from="Linkway <no-reply@linkway.example>", links=links)

    outcomes = await asyncio.gather(*(send(sender) for _ in range(60)))

    assert {outcome.code for outcome in outcomes} == {"delivered"}
    assert 1 < most <= 40


def test_a_sender_address_that_is_none_is_refused_at_once(links: Links) -> None:
    server = MailServer(host="127.0.0.1", port=25, timeout=timedelta(1))
    with pytest.raises(ValueError, match="no domain"):
        MailSender(server, mail_from="Linkway", links=links)
