"""The demo's receivers, over real HTTP and SMTP."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from services.console.demo.receivers import WebhookReceiver, mail_receiver, webhook_receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


async def post(receiver: WebhookReceiver, organisation: str, message: str, secret: str) -> int:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, now, "{}"),
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(receiver.url(organisation), content="{}", headers=headers)
    return answer.status_code


async def test_a_webhook_with_a_good_signature_is_taken_and_its_id_kept() -> None:
    async with webhook_receiver() as receiver:
        receiver.expect("group", SECRET)

        assert await post(receiver, "group", "message-1", SECRET) == 204
        assert await post(receiver, "group", "message-1", SECRET) == 204
        assert (receiver.verified, receiver.refused, receiver.again) == ({"message-1"}, 0, 1)


@pytest.mark.parametrize(("organisation", "secret"), [("group", OTHER), ("stranger", SECRET)])
async def test_a_webhook_signed_otherwise_or_for_nobody_is_refused(
    organisation: str, secret: str
) -> None:
    async with webhook_receiver() as receiver:
        receiver.expect("group", SECRET)

        assert await post(receiver, organisation, "message-1", secret) == 401
        assert (receiver.verified, receiver.refused) == (set(), 1)


async def test_each_organisation_is_checked_with_its_own_secret() -> None:
    async with webhook_receiver() as receiver:
        receiver.expect("group", SECRET)
        receiver.expect("team", OTHER)

        assert await post(receiver, "group", "message-1", SECRET) == 204
        assert await post(receiver, "team", "message-2", OTHER) == 204
        assert await post(receiver, "team", "message-3", SECRET) == 401


async def test_of_a_mail_only_the_id_is_kept() -> None:
    message = EmailMessage()
    message["From"] = "no-reply@linkway.example"
    message["To"] = "practice-y90001@practice.example"
    message["Subject"] = "A referral was made"
    message["Message-ID"] = "<delivery-1@linkway.example>"
    message.set_content("Look at the link.")
    async with mail_receiver() as receiver:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=receiver.port, start_tls=False)

        assert receiver.taken == {"delivery-1"}


def challenge(secret: str) -> tuple[str, dict[str, str]]:
    body = json.dumps({"type": "subscription-challenge", "data": {"challenge": "the-nonce"}})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "challenge-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("challenge-1", now, body),
    }
    return body, headers


async def test_a_challenge_is_given_back_once_the_secret_is_known_and_not_counted() -> None:
    async with webhook_receiver() as receiver, httpx.AsyncClient(trust_env=False) as http:
        body, headers = challenge(SECRET)
        url = receiver.url("group")
        asking = asyncio.create_task(http.post(url, content=body, headers=headers))
        await asyncio.sleep(0.1)
        receiver.expect("group", SECRET)
        answer = await asking
        assert (answer.status_code, answer.json()) == (200, {"challenge": "the-nonce"})
        body, headers = challenge(OTHER)
        assert (await http.post(url, content=body, headers=headers)).status_code == 401
        assert (receiver.verified, receiver.refused, receiver.again) == (set(), 0, 0)


async def test_the_code_of_a_confirmation_mail_is_kept_and_the_mail_not_counted() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "no-reply@linkway.example", "practice@practice.example"
    message["Message-ID"] = "<confirmation-1@linkway.example>"
    message.set_content("Or give this code where the subscription was made:\n\nthe-code\n")
    async with mail_receiver() as receiver:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=receiver.port, start_tls=False)
        assert await receiver.code_for("practice@practice.example") == "the-code"
        assert receiver.taken == set()
