"""At the gate: how often somebody asks, and what their scopes open, before a body is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter

from shared.devissuer import DevIssuer
from shared.settings import ServiceSettings
from shared.web import Acting, CauseOf, JsonBody
from tests.shared.web.garden import Bearer, garden, problem_of

router = APIRouter()

SCOPES = {"beds:read": ("GET /beds",), "beds:write": ("POST /beds/{bed_id}",)}


@router.get("/beds")
async def beds(actor: Acting) -> str:
    """The beds."""
    return actor.subject


@router.post("/beds/{bed_id}")
async def dig(
    bed_id: str, cause: CauseOf, body: Annotated[dict[str, int], JsonBody(dict[str, int])]
) -> str:
    """Dig a bed."""
    return f"{bed_id} {cause.actor.role} {body}"


@router.get("/heap")
async def heap(actor: Acting) -> str:
    """The heap, which no scope opens."""
    return actor.subject


Client = Callable[..., Any]


@pytest.fixture
def partner(issuer: DevIssuer) -> Bearer:
    def header(
        client: str = "example-partner", scope: str = "beds:read", tenant: str = "icb-demo"
    ) -> dict[str, str]:
        token = issuer.issue(
            subject=f"account-of-{client}",
            role="referrer",
            organisation="Y90001",
            tenant=tenant,
            client=client,
            scope=scope,
        )
        return {"Authorization": f"Bearer {token}"}

    return header


@asynccontextmanager
async def asking(
    settings: ServiceSettings, address: str = "192.0.2.1", **rates: str
) -> AsyncIterator[httpx.AsyncClient]:
    read = ServiceSettings.model_validate({**settings.model_dump(), **rates})
    app = garden(read, router, scopes=SCOPES)
    transport = httpx.ASGITransport(app=app, client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://garden") as http:
        yield http


SLOW = "0.01/3"
"""Three at once, and one more after a hundred seconds."""


async def statuses(http: httpx.AsyncClient, headers: dict[str, str], times: int) -> list[int]:
    return [(await http.get("/beds", headers=headers)).status_code for _ in range(times)]


async def test_a_partners_client_has_its_limit_in_each_tenant(
    settings: ServiceSettings, partner: Bearer
) -> None:
    async with asking(settings, rate_partner=SLOW) as http:
        assert await statuses(http, partner(), 4) == [200, 200, 200, 429]
        assert await statuses(http, partner(tenant="icb-other"), 4) == [200, 200, 200, 429]
        assert await statuses(http, partner(client="another"), 1) == [200]


async def test_a_429_says_when_to_come_again_and_what_is_allowed(
    settings: ServiceSettings, partner: Bearer
) -> None:
    async with asking(settings, rate_partner=SLOW) as http:
        first = await http.get("/beds", headers=partner())
        await statuses(http, partner(), 2)
        answer = await http.get("/beds", headers=partner())
    assert first.headers["ratelimit-policy"] == '"client";q=3;w=300'
    assert first.headers["ratelimit"] == '"client";r=2;t=100'
    assert answer.headers["ratelimit"] == '"client";r=0;t=300'
    assert 99 <= int(answer.headers["retry-after"]) <= 100
    said = problem_of(answer)
    assert said["type"].endswith("/too-many")
    assert (said["at_once"], said["per_second"]) == (3, 0.01)


async def test_a_client_may_have_a_limit_of_its_own(
    settings: ServiceSettings, partner: Bearer
) -> None:
    own = '{"example-partner": "0.01/1", "trusted": "off"}'
    async with asking(settings, rate_partner=SLOW, rate_clients=own) as http:
        assert await statuses(http, partner(), 2) == [200, 429]
        assert await statuses(http, partner(client="trusted"), 9) == [200] * 9


async def test_a_person_has_a_limit_whatever_their_token(
    settings: ServiceSettings, bearer: Bearer
) -> None:
    async with asking(settings, rate_person=SLOW) as http:
        assert [(await statuses(http, bearer(), 1))[0] for _ in range(4)] == [200, 200, 200, 429]
        assert await statuses(http, bearer(subject="lw-8"), 1) == [200]


async def test_a_tenant_has_a_limit_for_all_together(
    settings: ServiceSettings, bearer: Bearer, partner: Bearer
) -> None:
    async with asking(settings, rate_tenant=SLOW) as http:
        assert await statuses(http, bearer(subject="lw-1"), 2) == [200, 200]
        assert await statuses(http, partner(), 2) == [200, 429]
        assert await statuses(http, bearer(tenant="icb-other"), 1) == [200]


async def test_the_services_own_requests_are_not_counted(
    settings: ServiceSettings, bearer: Bearer
) -> None:
    async with asking(settings, rate_person=SLOW, rate_tenant=SLOW) as http:
        assert await statuses(http, bearer(role="service"), 9) == [200] * 9


@pytest.mark.parametrize("authorization", [None, "Bearer made-up", "Basic bW9yZQ=="])
async def test_an_address_that_floods_without_a_good_token_waits_and_others_do_not(
    settings: ServiceSettings, bearer: Bearer, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    good, newcomer = bearer(), bearer(subject="lw-8")
    async with asking(settings, rate_refused=SLOW) as http:
        assert await statuses(http, good, 1) == [200]
        assert await statuses(http, headers, 5) == [401, 401, 401, 429, 429]
        assert await statuses(http, good, 1) == [200]  # was good a moment ago
        assert await statuses(http, newcomer, 1) == [429]  # from the same address, unread
        transport = http._transport
        assert isinstance(transport, httpx.ASGITransport)
        transport.client = ("192.0.2.2", 4712)
        assert await statuses(http, newcomer, 1) == [200]


async def test_an_ipv6_subscriber_has_one_bucket_however_many_addresses(
    settings: ServiceSettings,
) -> None:
    async with asking(settings, rate_refused=SLOW) as http:
        transport = http._transport
        assert isinstance(transport, httpx.ASGITransport)
        found = []
        for host in ("::1", "2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8::4"):
            transport.client = (host, 4711)
            found += await statuses(http, {}, 1)
        assert found == [401, 401, 401, 401, 429]
        transport.client = ("2001:db8:0:1::1", 4711)
        assert await statuses(http, {}, 1) == [401]


async def test_good_requests_never_count_as_a_flood(
    settings: ServiceSettings, bearer: Bearer
) -> None:
    async with asking(settings, rate_refused=SLOW) as http:
        assert await statuses(http, bearer(), 9) == [200] * 9
        assert await statuses(http, {}, 1) == [401]


async def test_a_limit_counts_before_the_body_is_looked_at(
    settings: ServiceSettings, partner: Bearer
) -> None:
    headers = partner(scope="beds:write")
    async with asking(settings, rate_partner="0.01/1") as http:
        answers = [
            await http.post("/beds/1", headers=headers, content=b"{not json") for _ in range(2)
        ]
    assert [each.status_code for each in answers] == [422, 429]


async def test_a_partner_does_what_its_scopes_open_and_no_more(
    settings: ServiceSettings, partner: Bearer
) -> None:
    async with asking(settings) as http:
        both = partner(scope="openid beds:write")
        assert (await http.post("/beds/1", headers=both, json={"depth": 3})).status_code == 200
        refused = await http.get("/beds", headers=both)
        assert (refused.status_code, problem_of(refused)["allowed_scopes"]) == (403, ["beds:read"])
        assert refused.headers["www-authenticate"].endswith('error="insufficient_scope"')
        none = await http.get("/beds", headers=partner(scope=""))
        assert none.status_code == 403
        unopened = await http.get("/heap", headers=partner(scope="beds:read beds:write heap"))
        assert (unopened.status_code, "allowed_scopes" in problem_of(unopened)) == (403, False)


async def test_whoever_is_held_to_no_scopes_needs_none(
    settings: ServiceSettings, bearer: Bearer
) -> None:
    async with asking(settings) as http:
        assert (await http.get("/heap", headers=bearer())).status_code == 200


def test_a_scope_that_opens_what_is_not_served_is_named() -> None:
    """As the runtime checks each service's own table when it starts."""
    from shared.web.gate import Gate

    gate = Gate(
        ServiceSettings(
            service="garden",
            mongo_uri="unused",
            kafka_bootstrap="unused",
            jwks="unused",
            issuer="https://issuer.example.org",
        ),
        {"beds:read": ("GET /beds", "GET /gone")},
    )
    gate.check_served(["GET /beds", "GET /gone"])
    with pytest.raises(LookupError, match="GET /gone"):
        gate.check_served(["GET /beds"])
