"""A curator of the directory subscribes a provider that has no account."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from standardwebhooks import Webhook

from services.notifications import handlers
from services.notifications.app import create_app
from shared.cause import Actor
from shared.devissuer import DevIssuer
from shared.ids import new_id
from shared.testing import eventually, serving
from tests.notifications.conftest import Service
from tests.notifications.examples import (
    GROUP,
    OPERATOR,
    PROVIDER,
    REFERRER,
    TENANT,
    created,
    heard,
)
from tests.notifications.owning import SECRET, owners_api
from tests.notifications.receivers import MailReceiver, WebReceiver
from tests.notifications.test_api import becomes, mail, webhook

CURATOR = Actor("curator-1", "directory_curator", "icb", TENANT)
COLLEAGUE = Actor("curator-2", "directory_curator", "icb", TENANT)
OTHERS = [
    Actor("curator-3", "directory_curator", "another-icb", TENANT),
    Actor("curator-1", "directory_curator", "icb", "icb-other"),
    Actor("worker-1", "link_worker", "icb", TENANT),
]
FOR_GROUP = {"organisation_id": GROUP}


@pytest.fixture
async def linking(
    app: FastAPI, issuer: DevIssuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """The service with the owners' APIs to ask for links."""
    del app  # it has set the environment
    async with owners_api(issuer) as api:
        for name, value in {
            "LINKWAY_TOKEN_URL": f"{api.url}/issuer/token",
            "LINKWAY_CLIENT_SECRET": SECRET,
            "LINKWAY_REFERRAL_URL": api.url,
            "LINKWAY_DIRECTORY_URL": api.url,
        }.items():
            monkeypatch.setenv(name, value)
        own = create_app()
        async with serving(own) as client:
            yield Service(client, issuer, own.state.stores)


async def test_a_provider_without_an_account_is_asked_by_mail_and_answers_by_link(
    linking: Service, mailbox: MailReceiver
) -> None:
    made = await linking.post("/subscriptions", CURATOR, {**mail(), **FOR_GROUP})
    assert made.status_code == 201, made.text
    path = f"/subscriptions/{made.json()['id']}"
    view = (await linking.get(path, CURATOR)).json()
    assert (view["organisation_id"], view["made_by_organisation"]) == (GROUP, "icb")
    assert view["status"] == "pending", "nothing is sent before the mailbox has answered"
    [asking] = await eventually(lambda: mailbox.confirmations)
    found = re.search(r"https?://\S+/confirm-subscription/\S+", asking.get_content())
    assert found
    confirmed = await linking.client.post(urlsplit(found[0]).path)
    assert confirmed.status_code == 200
    await becomes(linking, made.json()["id"], "active")

    now = datetime.now(UTC)
    await handlers.tell(linking.stores, created(occurred_at=now), heard(new_id(), at=now))
    [asked] = await eventually(lambda: mailbox.mails)
    assert asked["To"] == "office@group.example.org"
    assert "Answer here, without an account" in asked.get_content()
    assert "https://linkway.example.org/l/1" in asked.get_content()


async def test_a_webhook_made_by_a_curator_is_the_providers_and_proves_its_address(
    service: Service, receiver: WebReceiver
) -> None:
    receiver.confirms = False
    made = await service.post("/subscriptions", CURATOR, {**webhook(receiver.url), **FOR_GROUP})
    assert made.status_code == 201, made.text
    path = f"/subscriptions/{made.json()['id']}"
    await eventually(lambda: receiver.challenges)
    assert (await service.get(path, CURATOR)).json()["status"] == "pending"
    receiver.confirms = True
    again = await service.post(f"{path}/challenge", CURATOR)
    assert again.status_code == 202
    await becomes(service, made.json()["id"], "active")

    now = datetime.now(UTC)
    await handlers.tell(service.stores, created(occurred_at=now), heard(new_id(), at=now))
    [taken] = await eventually(lambda: receiver.taken)
    assert Webhook(made.json()["secret"]).verify(taken.body, taken.headers)
    assert (await service.get(path, PROVIDER)).status_code == 200
    ended = await service.delete(path, PROVIDER)
    assert ended.json()["status"] == "disabled"


async def test_curators_see_and_end_what_curators_of_their_own_made(service: Service) -> None:
    made = (await service.post("/subscriptions", CURATOR, {**mail(), **FOR_GROUP})).json()
    own = (await service.post("/subscriptions", CURATOR, mail("icb@example.org"))).json()
    path = f"/subscriptions/{made['id']}"
    for actor in OTHERS:
        assert (await service.get(path, actor)).status_code == 404
        assert (await service.delete(path, actor)).status_code == 404
    listed = (await service.get("/subscriptions", COLLEAGUE)).json()["items"]
    assert [each["id"] for each in listed] == [own["id"], made["id"]]
    assert (await service.get("/subscriptions", OTHERS[0])).json()["items"] == []
    assert (await service.delete(path, COLLEAGUE)).status_code == 200
    listed = (await service.get("/subscriptions", CURATOR)).json()["items"]
    assert [each["status"] for each in listed] == ["pending", "disabled"]


async def test_nobody_else_names_another_organisation(service: Service) -> None:
    for actor in (REFERRER, Actor("lead-1", "team_lead", "team", TENANT)):
        refused = await service.post("/subscriptions", actor, {**mail(), **FOR_GROUP})
        assert refused.status_code == 403
        assert refused.json()["allowed_roles"] == ["directory_curator"]
    assert (await service.post("/subscriptions", OPERATOR, mail())).status_code == 403
    own = await service.post("/subscriptions", PROVIDER, {**mail(), **FOR_GROUP})
    assert own.status_code == 201, "to name one's own is to leave it out"
    assert (await service.get("/subscriptions", REFERRER)).json()["items"] == []
