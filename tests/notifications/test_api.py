from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from services.notifications import handlers
from services.notifications.handlers import Wish
from shared.cause import Actor
from shared.ids import new_id
from shared.testing import eventually
from tests.notifications.conftest import Service
from tests.notifications.examples import (
    GROUP,
    KEYRING,
    OPERATOR,
    PROVIDER,
    REFERRER,
    TEAM,
    TENANT,
    asked,
    created,
    heard,
)
from tests.notifications.receivers import Answer, WebReceiver
from tests.notifications.working import GUARD

STRANGERS = [
    REFERRER,
    Actor("provider-2", "provider", "another-group", TENANT),
    Actor("provider-1", "provider", GROUP, "icb-other"),
]


def webhook(url: str, *event_types: str) -> dict[str, Any]:
    return {"channel": "webhook", "url": url, "event_types": event_types or ["referral-created"]}


def mail(address: str = "office@group.example.org") -> dict[str, Any]:
    return {"channel": "email", "email": address, "event_types": ["referral-created"]}


def faults(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    return {fault["pointer"]: fault["reason"] for fault in answer.json()["errors"]}


async def subscribed(
    service: Service, receiver: WebReceiver, *event_types: str, **more: Any
) -> Any:
    """The receipt of a webhook subscription of the group, confirmed by now."""
    body = {**webhook(receiver.url, *event_types), **more}
    answer = await service.post("/subscriptions", PROVIDER, body)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    await becomes(service, receipt["id"], "active")
    # It may be seen a moment before it is safe, and news goes by what is safe.
    await eventually(lambda: service.stores.subscriptions.active(TENANT, [GROUP]))
    return receipt


async def becomes(service: Service, subscription: str, status: str) -> None:
    async def there() -> bool:
        view = (await service.get(f"/subscriptions/{subscription}", PROVIDER)).json()
        return bool(view["status"] == status)

    await eventually(there)


async def told(service: Service, *, status: str = "delivered", by: Actor = PROVIDER) -> Any:
    """A referral was made to the group; the delivery when it has come to this status."""
    now = datetime.now(UTC)
    await handlers.tell(service.stores, created(occurred_at=now), heard(new_id(), at=now))

    async def listed() -> Any:
        answer = await service.get("/deliveries", by, status=status)
        assert answer.status_code == 200
        return answer.json()["items"]

    [item] = await eventually(listed)
    return item


async def test_a_webhook_is_subscribed_and_its_secret_is_shown_once(
    service: Service, receiver: WebReceiver
) -> None:
    answer = await service.post("/subscriptions", PROVIDER, webhook(receiver.url))
    assert answer.status_code == 201
    receipt = answer.json()
    assert set(receipt) == {"id", "version", "status", "secret"}
    assert (receipt["version"], receipt["status"]) == (1, "pending")
    assert receipt["secret"].startswith("whsec_")
    assert answer.headers["location"] == f"/subscriptions/{receipt['id']}"
    assert answer.headers["etag"] == '"1"'

    await becomes(service, receipt["id"], "active")
    answer = await service.get(answer.headers["location"], PROVIDER)
    view = answer.json()
    assert answer.headers["etag"] == '"2"'
    assert view.pop("created_at")
    assert view == {
        "id": receipt["id"],
        "version": 2,
        "organisation_id": GROUP,
        "made_by_organisation": None,
        "channel": "webhook",
        "url": receiver.url,
        "email": None,
        "contact": None,
        "event_types": ["referral-created"],
        "status": "active",
        "disabled_reason": None,
        "disabled_at": None,
        "public_key": None,
        "challenge": None,
        "resend": None,
    }
    listed = (await service.get("/subscriptions", PROVIDER)).json()
    assert [item["id"] for item in listed["items"]] == [receipt["id"]]
    assert "secret" not in listed["items"][0]


async def test_an_e_mail_subscription_has_no_secret(service: Service) -> None:
    answer = await service.post("/subscriptions", REFERRER, mail())
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "version", "status"}
    view = (await service.get(answer.headers["location"], REFERRER)).json()
    assert (view["channel"], view["email"], view["url"]) == (
        "email",
        "office@group.example.org",
        None,
    )


async def test_the_same_post_again_gets_the_same_answer(
    service: Service, receiver: WebReceiver
) -> None:
    first = await service.post("/subscriptions", PROVIDER, webhook(receiver.url), key="k1")
    assert first.json()["status"] == "pending"
    await becomes(service, first.json()["id"], "active")
    again = await service.post("/subscriptions", PROVIDER, webhook(receiver.url), key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    other = await service.post("/subscriptions", PROVIDER, mail(), key="k1")
    assert other.status_code == 422
    assert other.json()["type"].endswith("/key-reused")


async def test_a_second_subscription_at_the_same_address_is_a_conflict(
    service: Service, receiver: WebReceiver
) -> None:
    await service.post("/subscriptions", PROVIDER, webhook(receiver.url))
    answer = await service.post("/subscriptions", PROVIDER, webhook(receiver.url, "goal-updated"))
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {""}),
        ({"channel": "pigeon"}, {""}),
        ({"channel": "webhook"}, {"/webhook/event_types", "/webhook/url"}),
        (webhook("http://hooks.example.org/"), {"/url"}),
        (webhook("https://10.0.0.1/"), {"/url"}),
        (webhook("https://nothing-here.invalid/"), {"/url"}),
        (mail("not an address"), {"/email/email"}),
        (mail("a@b\r\nBcc: c@example.org"), {"/email/email"}),
        ({**mail(), "event_types": []}, {"/email/event_types"}),
        ({**mail(), "event_types": ["referral-created", "else"]}, {"/event_types/1"}),
        ({**mail(), "url": "https://hooks.example.org"}, {"/email/url"}),
    ],
)
async def test_a_bad_field_is_named_without_its_value(
    service: Service, body: dict[str, Any], pointers: set[str]
) -> None:
    answer = await service.post("/subscriptions", PROVIDER, body)
    found = faults(answer)
    assert set(found) == pointers
    assert "not an address" not in answer.text
    assert "10.0.0.1" not in answer.text
    assert (await service.get("/subscriptions", PROVIDER)).json()["items"] == []


@pytest.mark.parametrize("role", ["operations", "tenant_admin", "reporter", "service"])
async def test_other_roles_may_not_subscribe(service: Service, role: str) -> None:
    answer = await service.post("/subscriptions", Actor("x", role, GROUP, TENANT), mail())
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "role", ["provider", "link_worker", "team_lead", "referrer", "directory_curator"]
)
async def test_these_roles_may_subscribe_their_organisation(service: Service, role: str) -> None:
    answer = await service.post("/subscriptions", Actor("x", role, TEAM, TENANT), mail())
    assert answer.status_code == 201


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_anothers_subscription_and_delivery_are_not_found(
    service: Service, receiver: WebReceiver, stranger: Actor
) -> None:
    made = await subscribed(service, receiver)
    item = await told(service)
    path = f"/subscriptions/{made['id']}"
    assert (await service.get(path, stranger)).status_code == 404
    assert (await service.delete(path, stranger)).status_code == 404
    assert (await service.get(f"/deliveries/{item['id']}", stranger)).status_code == 404
    for query in ({}, {"organisation_id": GROUP}, {"subscription_id": made["id"]}):
        assert (await service.get("/deliveries", stranger, **query)).json()["items"] == []
    assert (await service.get(path, PROVIDER)).json()["status"] == "active"


async def test_an_ended_subscription_stays_to_be_seen(
    service: Service, receiver: WebReceiver
) -> None:
    made = await subscribed(service, receiver)
    path = f"/subscriptions/{made['id']}"
    answer = await service.delete(path, PROVIDER)
    assert answer.status_code == 200
    assert answer.json() == {"id": made["id"], "version": 3, "status": "disabled"}
    assert (await service.delete(path, PROVIDER)).json()["version"] == 3
    view = (await service.get(path, PROVIDER)).json()
    assert (view["status"], view["disabled_reason"]) == ("disabled", "unsubscribed")


async def test_a_delivery_is_shown_with_its_attempts_and_without_any_address(
    service: Service, receiver: WebReceiver
) -> None:
    receiver.answers.append(Answer(500))
    made = await subscribed(service, receiver)
    item = await told(service)
    assert item["event_type"] == "referral-created"
    assert item["event_subject"] == "0190c0de-0000-7000-8000-000000000002"
    assert (item["attempt_count"], item["last_outcome"]) == (2, "delivered")
    assert item["subscription_id"] == made["id"]
    detail = await service.get(f"/deliveries/{item['id']}", PROVIDER)
    attempts = detail.json()["attempts"]
    assert [each["outcome"] for each in attempts] == ["rejected", "delivered"]
    assert [each["status_code"] for each in attempts] == [500, 204]
    assert all(each["duration_ms"] >= 0 and each["at"] for each in attempts)
    assert receiver.url not in detail.text
    taken = receiver.taken[-1]
    assert Webhook(made["secret"]).verify(taken.body, taken.headers)["type"] == "referral-created"


async def test_operations_see_every_delivery_of_their_tenant(
    service: Service, receiver: WebReceiver
) -> None:
    await subscribed(service, receiver)
    item = await told(service, by=OPERATOR)
    assert (await service.get(f"/deliveries/{item['id']}", OPERATOR)).status_code == 200
    found = await service.get("/deliveries", OPERATOR, organisation_id=GROUP)
    assert len(found.json()["items"]) == 1
    for query in (
        {"organisation_id": TEAM},
        {"status": "failed"},
        {"event_type": "goal-updated"},
        {"subscription_id": "another"},
    ):
        assert (await service.get("/deliveries", OPERATOR, **query)).json()["items"] == []
    foreign = Actor("operator-2", "operations", "icb", "icb-other")
    assert (await service.get("/deliveries", foreign)).json()["items"] == []


async def test_a_list_is_given_a_page_at_a_time(service: Service, receiver: WebReceiver) -> None:
    for n in range(3):
        wish = Wish("webhook", f"{receiver.url}/{n}", ["referral-created"])
        cause = asked(at=datetime.now(UTC))
        await handlers.subscribe(service.stores, GUARD, KEYRING, wish, cause)
    first = (await service.get("/subscriptions", PROVIDER, limit="2")).json()
    rest = (
        await service.get("/subscriptions", PROVIDER, limit="2", cursor=first["next_cursor"])
    ).json()
    urls = [item["url"].rpartition("/")[2] for item in first["items"] + rest["items"]]
    assert urls == ["2", "1", "0"]
    assert rest["next_cursor"] is None


async def test_an_unknown_status_is_refused(service: Service) -> None:
    answer = await service.get("/deliveries", PROVIDER, status="lost")
    assert set(faults(answer)) == {"/query/status"}


async def test_without_a_token_nothing_is_shown(service: Service) -> None:
    for path in ("/subscriptions", "/deliveries", "/deliveries/1"):
        assert (await service.client.get(path)).status_code == 401
