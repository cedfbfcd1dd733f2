"""Asking the owners' APIs: a real HTTP exchange with a token of the tenant."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.notifications.owners import OwnerAway
from shared.devissuer import DevIssuer
from shared.errors import NotFound
from tests.notifications.owning import OwnersApi, owners_api


@pytest.fixture
async def api(issuer: DevIssuer) -> AsyncIterator[OwnersApi]:
    async with owners_api(issuer) as own:
        yield own


async def test_a_person_is_asked_for_as_a_service_of_their_tenant(api: OwnersApi) -> None:
    found = await api.owners().reachability("person-1", "icb-demo")
    assert [(each.channel, each.address) for each in found.channels] == [("sms", "07700900123")]
    assert (found.suppressed, found.neutral_sender, found.language) == (None, False, None)
    assert (api.tenants, api.roles) == (["icb-demo"], ["service"])


async def test_each_tenant_has_a_token_of_its_own(api: OwnersApi) -> None:
    owners = api.owners()
    for tenant in ("icb-demo", "icb-other", "icb-demo"):
        await owners.reachability("person-1", tenant)
    assert api.tenants == ["icb-demo", "icb-other", "icb-demo"]


async def test_a_token_that_is_refused_is_replaced(api: OwnersApi) -> None:
    owners = api.owners()
    api.tokens_refused = 1
    assert (await owners.reachability("person-1", "icb-demo")).person_id == "person-1"
    assert len(api.asked) == 2


async def test_links_are_another_one_each_time(api: OwnersApi) -> None:
    owners = api.owners()
    first = await owners.answer_link("referral-1", "icb-demo")
    second = await owners.confirm_link("service-1", "icb-demo")
    assert (first.url, second.url) == (
        "https://linkway.example.org/l/1",
        "https://linkway.example.org/l/2",
    )
    assert first.expires_at == datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert api.asked == ["link referral-1", "link service-1"]


@pytest.mark.parametrize("status", [404, 409])
async def test_a_link_that_is_not_due_is_not_found(api: OwnersApi, status: int) -> None:
    api.link_status = status
    with pytest.raises(NotFound):
        await api.owners().answer_link("referral-1", "icb-demo")
    assert len(api.asked) == 1


async def test_an_owner_that_fails_is_asked_three_times_and_is_then_away(api: OwnersApi) -> None:
    api.away = True
    with pytest.raises(OwnerAway):
        await api.owners().reachability("person-1", "icb-demo")
    assert len(api.asked) == 3


async def test_an_owner_that_cannot_be_reached_is_away(api: OwnersApi) -> None:
    with pytest.raises(OwnerAway):
        await api.owners(referral_url="http://127.0.0.1:1").reachability("person-1", "icb-demo")


async def test_no_token_is_an_owner_away(api: OwnersApi) -> None:
    with pytest.raises(OwnerAway):
        await api.owners(client_secret="another").reachability("person-1", "icb-demo")
    assert api.asked == []


async def test_an_answer_not_agreed_on_shows_nothing_of_itself(api: OwnersApi) -> None:
    api.person = {"person_id": "person-1", "channels": [{"channel": "pager", "address": "secret"}]}
    with pytest.raises(OwnerAway) as refused:
        await api.owners().reachability("person-1", "icb-demo")
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_persons_asked_for_together_are_one_request_for_each_tenant(api: OwnersApi) -> None:
    owners = api.owners()
    asked = [("person-1", "icb-demo"), ("person-2", "icb-demo"), ("person-3", "icb-other")]
    # The first goes alone; what comes while it is under way goes together.
    first = asyncio.create_task(owners.reachability("person-0", "icb-demo"))
    await asyncio.sleep(0)
    found = await asyncio.gather(*(owners.reachability(*each) for each in asked))
    await first
    assert [each.asked_id for each in found] == ["person-1", "person-2", "person-3"]
    assert api.asked == ["person person-0", "person person-1 person-2", "person person-3"]
    assert api.tenants == ["icb-demo", "icb-demo", "icb-other"]


async def test_a_person_the_owner_does_not_list_is_not_found(api: OwnersApi) -> None:
    api.person = None
    with pytest.raises(NotFound):
        await api.owners().reachability("person-1", "icb-demo")
