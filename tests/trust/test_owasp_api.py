"""The OWASP API Security Top 10 of 2023 (owasp.org/API-Security), a section for each risk.

Every service runs as it is deployed, on a real database; what a section does not show itself
is shown where it says. Kafka is away, as it may be.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI

from services.referral import handlers
from shared.devissuer import DevIssuer
from shared.ids import new_id
from shared.testing import free_port, serving
from shared.web.access import operations_of
from tests.deploy.compose import ROOT, SERVICES
from tests.referral.conftest import TENANT, directory_cause, intake, published

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Running:
    app: FastAPI
    http: httpx.AsyncClient
    issuer: DevIssuer

    def as_(self, role: str, organisation: str = "Y90001", **more: Any) -> Headers:
        token = self.issuer.issue(
            subject=f"{role}-of-{organisation}",
            role=role,
            organisation=organisation,
            tenant=TENANT,
            **more,
        )
        return {"Authorization": f"Bearer {token}"}

    async def team(self) -> str:
        """A link-worker team that can be referred to."""
        made = new_id()
        fact = published(made, "team-org", "link_worker_team")
        await handlers.note_listing(self.app.state.stores, fact, directory_cause())
        return made

    async def count(self, collection: str) -> int:
        store = getattr(self.app.state.stores, collection)
        return int(await store.collection.count({"tenant": TENANT}))


Start = Callable[..., Any]


@pytest.fixture
def start(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> Start:
    @asynccontextmanager
    async def starting(service: str, **more: str) -> AsyncIterator[Running]:
        away = {"LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
        quick = {"LINKWAY_GRACEFUL_SECONDS": "1", "LINKWAY_LOG_LEVEL": "ERROR"}
        for name, value in (service_env(service) | away | quick | more).items():
            monkeypatch.setenv(name, value)
        app = import_module(f"services.{service}.app").create_app()
        async with serving(app) as http:
            yield Running(app, http, issuer)

    return starting


def contract_of(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (ROOT / f"docs/contracts/{service}.openapi.json").read_text()
    )
    return found


# API1:2023 Broken object level authorization: records of others reached by their ids.
# Every route, role, organisation and another tenant: tests/access/test_walk.py.


async def test_api1_anothers_referral_looks_like_one_that_does_not_exist(start: Start) -> None:
    async with start("referral") as running:
        body = intake(await running.team())
        made = await running.http.post("/referrals", json=body, headers=running.as_("referrer"))
        assert made.status_code == 201, made.text
        stranger = running.as_("referrer", "Y90002")
        theirs = await running.http.get(f"/referrals/{made.json()['id']}", headers=stranger)
        none = await running.http.get(f"/referrals/{new_id()}", headers=stranger)
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert _without_id(theirs) == _without_id(none)
        listed = await running.http.get("/referrals", headers=stranger)
        assert listed.json()["items"] == []


def _without_id(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "instance"}


# API2:2023 Broken authentication. Forms of bad tokens one by one: tests/shared/test_auth.py;
# floods of them: tests/shared/web/test_web_gate.py.


def bad_tokens(issuer: DevIssuer) -> Iterator[tuple[str, str]]:
    def issue(by: DevIssuer, lifetime: timedelta = timedelta(hours=1)) -> str:
        return by.issue(
            subject="x", role="operations", organisation="icb", tenant=TENANT, lifetime=lifetime
        )

    good = issue(issuer)
    claims = jwt.decode(good, options={"verify_signature": False})
    head, payload, _ = good.split(".")
    yield "expired", issue(issuer, timedelta(hours=-1))
    yield "of another issuer's key", issue(DevIssuer())
    yield "unsigned", jwt.encode(claims, "", algorithm="none")
    yield "signed with the public key", _hmac_by_public_key(issuer, claims)
    yield "without its signature", f"{head}.{payload}."
    changed = json.dumps({**claims, "role": "tenant_admin"}, default=str).encode()
    forged = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
    yield "changed", f"{head}.{forged}.{good.rsplit('.', 1)[1]}"
    yield "not a token", "let-me-in"


def _hmac_by_public_key(issuer: DevIssuer, claims: dict[str, Any]) -> str:
    [key] = issuer.jwks()["keys"]
    headers = {"kid": issuer.kid, "typ": "at+jwt"}
    secret = (key["x"] + key["y"]).encode()
    return jwt.encode(claims, secret, algorithm="HS256", headers=headers)


@pytest.mark.parametrize("service", SERVICES)
async def test_api2_no_operation_is_reached_without_a_good_token(
    start: Start, service: str
) -> None:
    async with start(service, LINKWAY_RATE_REFUSED="off") as running:
        guarded = [row.operation.split() for row in running.app.state.policy if not row.is_public]
        assert len(guarded) > 20
        for method, path in guarded:
            answer = await running.http.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="linkway"')
        for what, token in bad_tokens(running.issuer):
            for method, path in guarded[:3]:
                sent = {"Authorization": f"Bearer {token}"}
                answer = await running.http.request(method, path, headers=sent)
                assert answer.status_code == 401, (what, method, path)
                assert token not in answer.text


# API3:2023 Broken object property level authorization: too much shown, too much taken.
# What each role sees of a referral: tests/referral; docs/access.md.


@pytest.mark.parametrize("service", SERVICES)
def test_api3_no_body_takes_a_property_that_it_does_not_name(service: str) -> None:
    contract = contract_of(service)
    open_ = {name for name, schema in bodies_of(contract) if is_open(schema)}
    # GOV.UK Notify sends more than is read; what is not named is not kept.
    assert open_ == ({"Receipt"} if service == "notifications" else set())


def bodies_of(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that is part of a request's body, by name."""
    schemas = contract["components"]["schemas"]
    waiting: list[tuple[str, Any]] = [
        (path, content["schema"])
        for path, operations in contract["paths"].items()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert waiting
    seen = set()
    while waiting:
        name, schema = waiting.pop()
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = schemas[name]
            if name in seen:
                continue
            seen.add(name)
        yield name, schema
        waiting += [(name, each) for key in ("anyOf", "oneOf") for each in schema.get(key, ())]
        waiting += [(name, each) for each in schema.get("properties", {}).values()]
        waiting += [
            (name, schema[key])
            for key in ("items", "additionalProperties")
            if isinstance(schema.get(key), dict)
        ]


def is_open(schema: dict[str, Any]) -> bool:
    return "properties" in schema and schema.get("additionalProperties") is not False


@pytest.mark.parametrize(
    "more", [{"status": "completed"}, {"tenant": "icb-other"}, {"id": "mine"}, {"version": 9}]
)
async def test_api3_what_the_service_decides_cannot_be_sent_along(
    start: Start, more: dict[str, Any]
) -> None:
    async with start("referral") as running:
        body = intake(await running.team()) | more
        answer = await running.http.post("/referrals", json=body, headers=running.as_("referrer"))
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == [
            f"/{name}" for name in more
        ]
        assert await running.count("referrals") == 0


async def test_api3_a_report_shows_that_there_is_a_referral_and_nothing_of_the_person(
    start: Start,
) -> None:
    async with start("referral") as running:
        body = intake(await running.team())
        made = await running.http.post("/referrals", json=body, headers=running.as_("referrer"))
        path = f"/referrals/{made.json()['id']}"
        own = await running.http.get(path, headers=running.as_("referrer"))
        assert "Would like company" in own.text
        seen = await running.http.get(path, headers=running.as_("operations", "icb"))
        assert seen.status_code == 200
        for word in ("Testperson", "1957", "900123", "ZZ1 2AB", "Would like company"):
            assert word not in seen.text


# API4:2023 Unrestricted resource consumption. Largest pages of every list and bounds of every
# body: tests/contracts/test_limits.py; the limits one by one: tests/shared/web.


async def test_api4_size_depth_number_of_values_and_pages_are_bounded(start: Start) -> None:
    async with start("referral") as running:
        http, who = running.http, running.as_("referrer")

        async def sent(body: bytes) -> int:
            answer: httpx.Response = await http.post("/referrals", content=body, headers=who)
            return answer.status_code

        assert await sent(b" " * 65_537) == 413
        assert await sent(b'{"a":' * 33 + b"1" + b"}" * 33) == 422
        assert await sent(b"[" + b"1," * 10_000 + b"1]") == 413
        for query in ({"limit": 201}, {"limit": 0}, {"cursor": "x" * 513}):
            answer = await http.get("/referrals", params=query, headers=who)
            assert answer.status_code == 422, query


async def test_api4_a_person_who_asks_too_often_is_told_when_to_come_again(start: Start) -> None:
    async with start("referral", LINKWAY_RATE_PERSON="0.01/3") as running:
        who = running.as_("referrer")
        answers = [await running.http.get("/referrals", headers=who) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 0 < int(answers[3].headers["Retry-After"]) <= 100


async def test_api4_work_that_takes_too_long_is_given_up(start: Start) -> None:
    async with start("referral", LINKWAY_REQUEST_SECONDS="0.000001") as running:
        answer = await running.http.get("/referrals", headers=running.as_("referrer"))
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("/timed-out")


# API5:2023 Broken function level authorization. Every route and role: tests/access/test_walk.py.


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("reporter", "POST", "/referrals"),
        ("link_worker", "PUT", "/rules"),
        ("team_lead", "GET", "/ops/dead-letters"),
        ("tenant_admin", "POST", "/ops/dead-letters/x/unmask"),
        ("operations", "GET", "/persons/x"),
        ("provider", "POST", "/persons/x/merge"),
    ],
)
async def test_api5_a_role_that_may_never_is_refused_before_anything_is_read(
    start: Start, role: str, method: str, path: str
) -> None:
    async with start("referral") as running:
        answer = await running.http.request(method, path, headers=running.as_(role), content=b"{")
        assert answer.status_code == 403


async def test_api5_another_method_or_a_header_that_names_one_opens_nothing(start: Start) -> None:
    async with start("referral") as running:
        who = running.as_("link_worker", "team-org")
        for method in ("DELETE", "PUT", "PATCH", "TRACE"):
            answer = await running.http.request(method, "/referrals", headers=who)
            assert answer.status_code == 405, method
        for name in ("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL"):
            given = {**running.as_("reporter"), name: "/rules" if "URL" in name else "PUT"}
            answer = await running.http.post("/rules", json={}, headers=given)
            assert answer.status_code == 405, name


# API6:2023 Unrestricted access to sensitive business flows: referrals made in bulk or twice.


async def test_api6_a_repeat_makes_no_second_referral_and_a_second_is_refused(
    start: Start,
) -> None:
    async with start("referral") as running:
        who = running.as_("referrer")
        body = intake(await running.team())
        keyed = {**who, "Idempotency-Key": "once"}
        first, again = [
            await running.http.post("/referrals", json=body, headers=keyed) for _ in range(2)
        ]
        assert first.json()["id"] == again.json()["id"]
        other = await running.http.post(
            "/referrals", json=body | {"reason": "Another."}, headers=keyed
        )
        assert other.status_code == 422
        assert await running.count("referrals") == 1


async def test_api6_a_partner_cannot_make_referrals_in_bulk(start: Start) -> None:
    async with start("referral", LINKWAY_RATE_PARTNER="0.01/3") as running:
        partner = running.as_("referrer", client="example-partner", scope="referrals:write")
        team = await running.team()
        statuses = []
        for number in range(5):
            body = intake(team)
            body["person"] |= {"given_names": f"Sample {number}"}
            answer = await running.http.post("/referrals", json=body, headers=partner)
            statuses.append(answer.status_code)
        assert statuses == [201, 201, 201, 429, 429]
        assert await running.count("referrals") == 3


# API7:2023 Server side request forgery. Each kind of address: tests/notifications/test_guard.py;
# that a redirect is not followed: tests/notifications/test_webhooks.py.


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.8/",
        "https://[::ffff:10.0.0.8]/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://user@hooks.example.org/",
        "http://hooks.example.org/",
        "file:///etc/passwd",
        "gopher://hooks.example.org/",
    ],
)
async def test_api7_no_webhook_goes_to_an_address_inside(start: Start, url: str) -> None:
    async with start("notifications") as running:
        who = running.as_("team_lead", "team-org")
        body = {"channel": "webhook", "url": url, "event_types": ["referral-created"]}
        answer = await running.http.post("/subscriptions", json=body, headers=who)
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/url"]
        assert await running.count("subscriptions") == 0


# API8:2023 Security misconfiguration. Headers one by one: tests/shared/web/test_web_limits.py;
# that a fault shows no trace of the program: tests/shared/web/test_web_requests.py; no server's
# name: shared/web/running.py; TLS, secrets, containers: tests/deploy.


@pytest.mark.parametrize("service", SERVICES)
async def test_api8_nothing_is_open_to_other_sites_and_every_answer_is_hardened(
    start: Start, service: str
) -> None:
    async with start(service) as running:
        elsewhere = {"Origin": "https://elsewhere.example.org"}
        asking = {"Access-Control-Request-Method": "GET", **elsewhere}
        for method, path in (("GET", "/nowhere"), ("GET", "/live"), ("OPTIONS", "/live")):
            answer = await running.http.request(method, path, headers=asking)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert "server" not in answer.headers
            assert "x-powered-by" not in answer.headers
        nowhere = await running.http.get("/nowhere")
        assert nowhere.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in nowhere.text


async def test_api8_an_address_given_in_host_is_never_given_back(start: Start) -> None:
    async with start("referral") as running:
        body = intake(await running.team())
        headers = {**running.as_("referrer"), "Host": "evil.example.org"}
        made = await running.http.post("/referrals", json=body, headers=headers)
        assert made.status_code == 201
        assert made.headers["Location"] == f"/referrals/{made.json()['id']}"
        slash = await running.http.get("/referrals/", headers=headers)
        assert slash.status_code == 404
        assert "evil" not in str(made.headers) + made.text + slash.text


# API9:2023 Improper inventory management: what is served and nobody knows of.

UNLISTED = {
    "GET /asyncapi",
    "GET /docs",
    "GET /docs/{part}",
    "GET /live",
    "GET /metrics",
    "GET /openapi.json",
    "GET /ready",
}
"""Served beside the contract; each has its row, and its protection, in docs/access.md."""

PAGES = {
    "referral": "/answers/{token}",
    "directory": "/confirm/{token}",
    "outcomes": "",
    "notifications": "/confirm-subscription/{token}",
}
"""Pages for people, reached by a signed link and by nothing else."""


@pytest.mark.parametrize("service", SERVICES)
async def test_api9_what_is_served_is_in_the_published_contract_and_nothing_more(
    start: Start, service: str
) -> None:
    async with start(service) as running:
        served = {name for route in running.app.routes for name in operations_of(route).values()}
        contract = contract_of(service)
        told = {
            f"{method.upper()} {path}"
            for path, operations in contract["paths"].items()
            for method in operations
        }
        page = PAGES[service]
        pages = {f"{method} {page}" for method in ("GET", "POST")} if page else set()
        assert served - told == UNLISTED | pages
        assert told - served == set()
        assert "POST /test-clock" not in served


# API10:2023 Unsafe consumption of APIs: what others send and answer is as suspect as any input.
# Redirects, slow and endless answers of receivers: tests/notifications/test_webhooks.py; keys of
# token issuers: tests/shared/test_auth_keys.py; GOV.UK Notify: tests/notifications/test_notify.py.


async def test_api10_a_receipt_is_believed_from_govuk_notify_alone_and_kept_within_bounds(
    start: Start,
) -> None:
    token = "agreed-with-notify-and-no-one-else"
    async with start("notifications", LINKWAY_NOTIFY_CALLBACK_TOKEN=token) as running:
        receipt = {"reference": f"{TENANT}/{new_id()}", "status": "delivered", "to": "x" * 99}

        async def sent(headers: Headers, body: Any) -> int:
            answer: httpx.Response = await running.http.post(
                "/notify-callbacks", json=body, headers=headers
            )
            return answer.status_code

        theirs = {"Authorization": f"Bearer {token}"}
        assert await sent(theirs, receipt) == 204
        assert await sent({}, receipt) == 401
        assert await sent({"Authorization": "Bearer "}, receipt) == 401
        assert await sent(running.as_("service"), receipt) == 401
        assert await sent(theirs, {**receipt, "status": "x" * 65}) == 422
        assert await sent(theirs, {**receipt, "to": "x" * 70_000}) == 413
        assert await running.count("person_messages") == 0
