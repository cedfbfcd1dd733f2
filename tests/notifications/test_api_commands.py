"""What can be done with a subscription and a delivery, over HTTP."""

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from shared.testing import eventually
from tests.notifications.conftest import Service
from tests.notifications.examples import PROVIDER, REFERRER
from tests.notifications.receivers import Answer, MailReceiver, WebReceiver
from tests.notifications.test_api import becomes, mail, subscribed, told, webhook

OFFICE = "office@group.example.org"


async def view(service: Service, subscription: str) -> Any:
    return (await service.get(f"/subscriptions/{subscription}", PROVIDER)).json()


async def test_a_pending_subscription_shows_how_its_challenge_went_and_can_be_sent_it_again(
    service: Service, receiver: WebReceiver
) -> None:
    receiver.confirms = False
    receiver.otherwise = Answer(500)
    made = (await service.post("/subscriptions", PROVIDER, webhook(receiver.url))).json()
    path = f"/subscriptions/{made['id']}"

    async def given_up() -> bool:
        challenge = (await view(service, made["id"]))["challenge"]
        return challenge["attempt_count"] == 3 and challenge["next_attempt_at"] is None

    await eventually(given_up)
    assert (await view(service, made["id"]))["challenge"]["last_outcome"] == "rejected"
    enabled = await service.post(f"{path}/enable", PROVIDER)
    assert enabled.status_code == 409
    assert enabled.json()["allowed"] == ["confirm", "challenge", "unsubscribe"]
    receiver.confirms = True
    answer = await service.post(f"{path}/challenge", PROVIDER)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    await becomes(service, made["id"], "active")
    assert (await service.post(f"{path}/challenge", PROVIDER)).status_code == 409


async def test_a_receiver_that_cannot_answer_is_confirmed_by_hand(
    service: Service, receiver: WebReceiver
) -> None:
    receiver.confirms = False
    made = (await service.post("/subscriptions", PROVIDER, webhook(receiver.url))).json()
    path = f"/subscriptions/{made['id']}/confirm"
    await eventually(lambda: receiver.challenges)
    wrong = await service.post(path, PROVIDER, {"challenge": "a-guess"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/challenge"
    assert "a-guess" not in wrong.text
    right = {"challenge": receiver.challenges[0].json["data"]["challenge"]}
    assert (await service.post(path, REFERRER, right)).status_code == 404
    confirmed = await service.post(path, PROVIDER, right)
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "active")


async def test_an_address_is_confirmed_by_the_code_in_its_mail(
    service: Service, mailbox: MailReceiver
) -> None:
    made = (await service.post("/subscriptions", PROVIDER, mail())).json()
    code = await eventually(lambda: mailbox.code_for(OFFICE))
    path = f"/subscriptions/{made['id']}/confirm"
    confirmed = await service.post(path, PROVIDER, {"challenge": code})
    assert confirmed.json()["status"] == "active"


async def test_an_address_is_confirmed_by_the_link_in_its_mail_and_only_by_its_form(
    service: Service, mailbox: MailReceiver
) -> None:
    made = (await service.post("/subscriptions", PROVIDER, mail())).json()
    await eventually(lambda: mailbox.code_for(OFFICE))
    found = re.search(r"(/confirm-subscription/\S+)", mailbox.confirmations[0].get_content())
    assert found
    page = await service.client.get(found[1])
    assert page.status_code == 200
    assert "<form" in page.text
    assert (await view(service, made["id"]))["status"] == "pending"
    done = await service.client.post(found[1])
    assert (done.status_code, "Confirmed" in done.text) == (200, True)
    assert (await view(service, made["id"]))["status"] == "active"
    assert (await service.client.post(found[1])).status_code == 200
    for path in (found[1][:-2], "/confirm-subscription/nothing"):
        assert (await service.client.get(path)).status_code == 404
        assert (await service.client.post(path)).status_code == 404


async def test_a_gone_receiver_is_shown_as_such_and_can_be_enabled(
    service: Service, receiver: WebReceiver, mailbox: MailReceiver
) -> None:
    made = await subscribed(service, receiver, contact=OFFICE)
    receiver.answers.append(Answer(410))
    await told(service, status="failed")
    await becomes(service, made["id"], "disabled")
    shown = await view(service, made["id"])
    assert shown["disabled_reason"] == "gone"
    assert shown["disabled_at"]
    [notice] = await eventually(lambda: mailbox.mails)
    assert notice["to"] == OFFICE
    path = f"/subscriptions/{made['id']}/enable"
    enabled = await service.post(path, PROVIDER)
    assert (enabled.status_code, enabled.json()["status"]) == (200, "active")
    assert (await service.post(path, REFERRER)).status_code == 404
    await told(service)


async def test_a_new_secret_and_the_old_one_both_check_what_comes_next(
    service: Service, receiver: WebReceiver
) -> None:
    made = await subscribed(service, receiver)
    path = f"/subscriptions/{made['id']}/rotate-secret"
    answer = await service.post(path, PROVIDER, key="k1")
    assert answer.status_code == 200
    again = await service.post(path, PROVIDER, key="k1")
    assert again.json() == answer.json()
    assert answer.json()["secret"] != made["secret"]
    await told(service)
    [taken] = receiver.taken
    for secret in (made["secret"], answer.json()["secret"]):
        Webhook(secret).verify(taken.body, taken.headers)
    assert len(taken.headers["webhook-signature"].split(" ")) == 2


async def test_an_ed25519_subscriber_checks_with_the_public_key_it_can_always_read(
    service: Service, receiver: WebReceiver
) -> None:
    made = await subscribed(service, receiver, signature="ed25519")
    assert "secret" not in made
    assert (await view(service, made["id"]))["public_key"] == made["public_key"]
    await told(service)
    [taken] = receiver.taken
    headers = taken.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{taken.body}".encode()
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    key = b64decode(made["public_key"].removeprefix("whpk_"))
    Ed25519PublicKey.from_public_bytes(key).verify(b64decode(signature), signed)


async def test_a_mail_subscription_has_no_secret_to_change(service: Service) -> None:
    made = (await service.post("/subscriptions", PROVIDER, mail())).json()
    answer = await service.post(f"/subscriptions/{made['id']}/rotate-secret", PROVIDER)
    assert answer.status_code == 409


async def test_a_delivery_is_sent_again_under_its_own_id(
    service: Service, receiver: WebReceiver
) -> None:
    await subscribed(service, receiver)
    item = await told(service)
    path = f"/deliveries/{item['id']}/resend"
    assert (await service.post(path, REFERRER)).status_code == 404
    answer = await service.post(path, PROVIDER)
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    await eventually(lambda: receiver.ids == [item["id"]] * 2)


async def test_what_was_missed_is_sent_again_in_one_go(
    service: Service, receiver: WebReceiver
) -> None:
    made = await subscribed(service, receiver)
    await told(service)
    receiver.answers.extend([Answer(500)] * 3)
    item = await told(service, status="failed")
    await becomes(service, made["id"], "disabled")  # nothing was taken since its first attempt
    await service.post(f"/subscriptions/{made['id']}/enable", PROVIDER)
    path = f"/subscriptions/{made['id']}/resend"
    old = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    refused = await service.post(path, PROVIDER, {"since": old})
    assert refused.json()["errors"][0]["pointer"] == "/since"
    answer = await service.post(path, PROVIDER, {"status": "failed"}, key="k1")
    assert answer.status_code == 202

    async def sent() -> bool:
        found = (await service.get(f"/deliveries/{item['id']}", PROVIDER)).json()
        return bool(found["status"] == "delivered")

    await eventually(sent)
    shown = (await view(service, made["id"]))["resend"]
    assert (shown["done"], shown["requeued"], shown["status"]) == (True, 1, "failed")


@pytest.mark.parametrize("body", [{"since": "yesterday"}, {"since": "2026-03-02T09:00:00"}])
async def test_an_order_since_what_is_no_time_is_refused(
    service: Service, receiver: WebReceiver, body: dict[str, str]
) -> None:
    made = await subscribed(service, receiver)
    answer = await service.post(f"/subscriptions/{made['id']}/resend", PROVIDER, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/since"
