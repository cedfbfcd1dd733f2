"""Persons over HTTP: what they were told, in which words, and Notify's receipts."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.console.notify_standin import notify_standin
from services.notifications.app import create_app
from services.notifications.handlers import people
from services.notifications.settings import Settings
from services.notifications.store import Stores
from shared.cause import Actor
from shared.devissuer import DevIssuer
from shared.ids import new_id
from shared.testing import eventually, serving
from tests.notifications.conftest import Service
from tests.notifications.examples import GROUP, OPERATOR, PROVIDER, REFERRER, TENANT, heard
from tests.notifications.owning import SECRET, owners_api
from tests.notifications.peopling import booked

LEAD = Actor("lead-1", "team_lead", GROUP, TENANT)
CALLBACK_TOKEN = "agreed-with-notify"


async def told(stores: Stores) -> str:
    """A message that Notify has taken; its id."""
    now = datetime.now(UTC)
    event = booked(occurred_at=now, start=now + timedelta(days=2))
    await people.tell_person(stores, event, heard(new_id(), at=now))
    [saved] = (await stores.person_messages.find(TENANT, {})).items
    sent = {"status": "sent", "channel": "sms", "sent_at": now, "provider_id": "notify-1"}
    await stores.person_messages.update(
        saved.id, lambda state: (state.model_copy(update=sent), ()), heard("sent", at=now)
    )
    return saved.id


async def test_whoever_provides_sees_what_the_person_was_told_but_not_where(
    service: Service,
) -> None:
    await told(service.stores)
    for actor, count in ((PROVIDER, 1), (OPERATOR, 1), (REFERRER, 0)):
        listed = (await service.get("/person-messages", actor, status="sent")).json()["items"]
        assert len(listed) == count
    [item] = (await service.get("/person-messages", PROVIDER)).json()["items"]
    assert (item["template"], item["channel"]) == ("appointment-booked", "sms")
    assert not {"person_id", "address", "body"} & set(item)


async def test_templates_are_listed_and_previewed(service: Service) -> None:
    listed = (await service.get("/templates", LEAD)).json()["items"]
    assert len(listed) == 12
    reminder = next(each for each in listed if each["name"] == "appointment-reminder")
    assert (reminder["version"], reminder["languages"]) == (1, ["en", "pl"])
    answer = await service.post("/templates/appointment-reminder/preview", LEAD, {"neutral": True})
    assert answer.json() == {
        "version": 1,
        "language": "en",
        "subject": "",
        "body": "Hello Sample. A reminder: Thursday 5 March at 2:00pm. "
        "If this does not suit you, please get in touch with us.",
    }


async def test_a_preview_of_what_does_not_exist_says_so(service: Service) -> None:
    assert (await service.post("/templates/nothing/preview", LEAD, {})).status_code == 404
    answer = await service.post("/templates/still-waiting/preview", LEAD, {"version": 9})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/version", "reason": "must be one of 1"}]


@pytest.fixture
async def receipts(
    service_env: Callable[[str], Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    issuer: DevIssuer,
) -> AsyncIterator[Service]:
    """The service, with a token agreed with Notify."""
    monkeypatch.setenv("LINKWAY_NOTIFY_CALLBACK_TOKEN", CALLBACK_TOKEN)
    for name, value in service_env("notifications").items():
        monkeypatch.setenv(name, value)
    app = create_app()
    async with serving(app) as client:
        yield Service(client, issuer, app.state.stores)


async def test_notify_tells_how_a_message_went(receipts: Service) -> None:
    message_id = await told(receipts.stores)
    receipt = {
        "id": "notify-1",
        "reference": f"{TENANT}/{message_id}",
        "to": "07700900123",
        "status": "delivered",
        "notification_type": "sms",
    }

    async def post(token: str, body: dict[str, Any]) -> int:
        headers = {"authorization": f"Bearer {token}"}
        answer = await receipts.client.post("/notify-callbacks", json=body, headers=headers)
        return answer.status_code

    assert await post("another", receipt) == 401
    assert await post("", receipt) == 401
    for _ in range(2):
        assert await post(CALLBACK_TOKEN, receipt) == 204
    for stranger in (f"{TENANT}/{new_id()}", "of-another-system", f"icb-other/{message_id}"):
        assert await post(CALLBACK_TOKEN, {**receipt, "reference": stranger}) == 204
    [saved] = (await receipts.stores.person_messages.find(TENANT, {})).items
    assert saved.state.status == "delivered"


async def test_without_an_agreed_token_no_receipt_is_taken(service: Service) -> None:
    for headers in ({}, {"authorization": "Bearer "}):
        answer = await service.client.post(
            "/notify-callbacks", json={"status": "delivered"}, headers=headers
        )
        assert answer.status_code == 401


async def test_an_event_on_kafka_reaches_the_person_by_text_message(
    service_env: Callable[[str], Mapping[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    issuer: DevIssuer,
    kafka_bootstrap: str,
    topic_prefix: str,
) -> None:
    async with owners_api(issuer) as api, notify_standin() as notify:
        # At any hour of the day that this test may run.
        all_day = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "23:59:59"}
        api.person = {**(api.person or {}), "safe_hours": [all_day]}
        own = {
            **service_env("notifications"),
            **notify.settings(),
            "LINKWAY_TOKEN_URL": f"{api.url}/issuer/token",
            "LINKWAY_CLIENT_SECRET": SECRET,
            "LINKWAY_REFERRAL_URL": api.url,
            "LINKWAY_DELIVERY_POLL_SECONDS": "0.2",
        }
        for name, value in own.items():
            monkeypatch.setenv(name, value)
        now = datetime.now(UTC)
        event = booked(occurred_at=now, start=now + timedelta(days=2))
        producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
        async with serving(create_app()):
            await producer.start()
            headers = {
                "ce_specversion": "1.0",
                "ce_id": new_id(),
                "ce_source": "/linkway/referral",
                "ce_type": event.type,
                "ce_time": now.isoformat(),
            }
            for _ in range(2):
                await producer.send_and_wait(
                    f"{topic_prefix}referral-events",
                    event.model_dump_json().encode(),
                    key=event.key.encode(),
                    headers=[(name, value.encode()) for name, value in headers.items()],
                )
            await producer.stop()
            await eventually(lambda: notify.taken, within=30)
    assert [(each.kind, each.to) for each in notify.taken] == [("sms", "07700900123")]


NEEDED = {
    "mongo_uri": "mongodb://127.0.0.1",
    "kafka_bootstrap": "127.0.0.1:9092",
    "jwks": "https://issuer.example.org/jwks.json",
    "issuer": "https://issuer.example.org",
}


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({"token_url": "https://issuer.example.org/token"}, "CLIENT_SECRET"),
        ({"notify_api_key": "made-up"}, "TEMPLATE_ID"),
        ({"person_retry_schedule_seconds": [5]}, "first wait must be 0"),
    ],
)
def test_settings_that_are_half_there_are_refused(given: dict[str, Any], lacking: str) -> None:
    with pytest.raises(ValueError, match=lacking):
        Settings.model_validate({**NEEDED, **given})
