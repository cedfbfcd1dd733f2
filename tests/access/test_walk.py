"""Every route, every role, every organisation: asked for real, against what is expected by hand.

What is let in is sent with an ``If-Match`` that no record has, wherever the route heeds it: it is
then refused (412) after the policy has let it in, and the records stay as they are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.directory.api import examples
from shared.devissuer import DevIssuer
from shared.testing import free_port, serving
from shared.web.access import operations_of
from tests.access import records
from tests.access.expected import ROLES, SERVICES, cells, outcome
from tests.access.records import ORGANISATIONS, SENDERS, TENANT

WHO = {**ORGANISATIONS, "X": "team-org"}
STALE = {"If-Match": '"999999999"'}
MAKERS: Mapping[str, Callable[..., Awaitable[Mapping[str, str]]]] = {
    "referral": records.of_referral,
    "directory": records.of_directory,
    "outcomes": records.of_outcomes,
    "notifications": records.of_notifications,
}


class Walker:
    """A service that runs, and whoever asks it."""

    def __init__(
        self, service: str, app: FastAPI, http: httpx.AsyncClient, issuer: DevIssuer
    ) -> None:
        self.service, self.app, self.http = service, app, http
        self._tokens = {
            (role, letter): issuer.issue(
                subject=f"{role}-{letter}",
                role=role,
                organisation=organisation,
                tenant="icb-other" if letter == "X" else TENANT,
            )
            for role in ROLES
            for letter, organisation in {**WHO, **SENDERS}.items()
        }
        self.bodies = dict(_bodies(app.openapi()))

    async def send(
        self, method: str, path: str, role: str, letter: str, body: Any
    ) -> httpx.Response:
        """Ask, and expect that it is done."""
        answer = await self.ask(method, path, role, letter, body=body)
        assert answer.is_success, (method, path, answer.text)
        return answer

    async def ask(
        self,
        method: str,
        path: str,
        role: str | None,
        letter: str = "",
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if role is not None:
            sent["Authorization"] = f"Bearer {self._tokens[role, letter]}"
        content = None if body is None else json.dumps(body)
        return await self.http.request(method, path, content=content, headers=sent)


@pytest.fixture(params=SERVICES)
async def walker(
    request: pytest.FixtureRequest,
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Walker]:
    """One service on a real database, while Kafka is away, without limits on who asks."""
    service = str(request.param)
    own = {
        "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "LINKWAY_GRACEFUL_SECONDS": "1",
        "LINKWAY_LOG_LEVEL": "ERROR",
        "LINKWAY_RATE_EXEMPT_ROLES": json.dumps(ROLES),
        "LINKWAY_RATE_REFUSED": "off",
    }
    for name, value in {**service_env(service), **own}.items():
        monkeypatch.setenv(name, value)
    app = import_module(f"services.{service}.app").create_app()
    async with serving(app) as http:
        yield Walker(service, app, http, issuer)


async def test_every_route_lets_in_whom_the_rule_says_and_no_one_else(
    walker: Walker, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await MAKERS[walker.service](walker.app, walker.send)
    expected = cells(walker.service)
    served = {name for route in walker.app.routes for name in operations_of(route).values()}
    assert served == expected.keys(), served ^ expected.keys()
    wrong: list[str] = []
    seen: Counter[str] = Counter()
    for operation, row in expected.items():
        method, template = operation.split()
        path = _path(template, made)
        nobody = (await walker.ask(method, path, None)).status_code
        if (nobody == httpx.codes.UNAUTHORIZED) != ("" not in row or row[""] == "token"):
            wrong.append(f"{operation} without a token: {nobody}")
        for role, letter in ((role, letter) for role in row if role for letter in WHO):
            body, headers = _asked(walker, operation, role, letter)
            if operation == "PUT /services/{service_id}":
                path = f"/services/{_service(letter)}"
            answer = await walker.ask(method, path, role, letter, body=body, headers=headers)
            found = _outcome(answer)
            seen[found] += 1
            if found != outcome(row[role], letter):
                said = f"{answer.status_code} {answer.text[:200]}"
                wrong.append(f"{operation} as {role} of {letter}: {said}; by the rule {row[role]}")
    with capsys.disabled():
        print(
            f"\n{walker.service}: {len(served)} operations, {seen.total()} cells "
            f"({dict(sorted(seen.items()))}), {len(wrong)} wrong"
        )
    assert not wrong, "\n".join(wrong)


def _outcome(answer: httpx.Response) -> str:
    if answer.status_code in {httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND}:
        return str(answer.status_code)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return "away"
    if answer.status_code == httpx.codes.UNAUTHORIZED or answer.is_server_error:
        return "broken"
    return "in"


def _path(template: str, made: Mapping[str, str]) -> str:
    steps = {"appointments": "confirm", "sessions": "open"}
    kind = template.split("/")[-3] if template.endswith("/{step}") else ""
    known = {**made, "step": steps.get(kind, "open")}
    return re.sub(r"\{(\w+)\}", lambda part: known.get(part[1]) or "none-such", template)


def _asked(walker: Walker, operation: str, role: str, letter: str) -> tuple[Any, Mapping[str, str]]:
    """The body that the documentation shows, as this asker would send it."""
    if operation != "PUT /services/{service_id}":
        return walker.bodies.get(operation), STALE
    # A version would stand in the way of what is made: a service is stated, whoever had it.
    speaks_for = WHO[letter] if role == "provider" else "group-org"
    return {**records.listing(speaks_for), "id": _service(letter)}, {}


def _service(letter: str) -> str:
    """Of two tenants, each may have a service of an id: the other one has none of ours."""
    return "svc-x" if letter == "X" else "svc-1"


def _bodies(contract: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, methods in contract["paths"].items():
        for method, said in methods.items():
            if "requestBody" not in said:
                continue
            content = said["requestBody"]["content"]["application/json"]
            shown = [each["value"] for each in content.get("examples", {}).values()]
            shown += [content["example"]] if "example" in content else []
            schema = content["schema"]
            if "$ref" in schema:
                schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
            body: Any = [*schema.get("examples", ()), *shown, examples.SERVICE][0]
            if isinstance(body, dict):
                body = {name: value for name, value in body.items() if name != "organisation_id"}
            yield f"{method.upper()} {path}", body
