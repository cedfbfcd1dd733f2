"""Pasting documented examples on a running platform, and declaring which are pasted."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import httpx

from services.console.platform import TENANT, Platform
from shared.testing import eventually
from tests.notifications.receivers import MailReceiver

PRACTICE = ("referrer", "Y90001")
TEAM = ("link_worker", "3c1956f4-0fab-500b-96ff-11c021055d23")
LEAD = ("team_lead", TEAM[1])
OTHER_TEAM = ("link_worker", "another-team")
GROUP = ("provider", "9834269b-5271-5b76-baeb-ab27aca72ea6")
CURATOR = ("directory_curator", "icb")
ADMIN = ("tenant_admin", "icb")
SAFEGUARDING = ("safeguarding_lead", "icb")
OPERATIONS = ("operations", "icb")
"""Role and organisation of those who paste; the organisations are the demo's."""


@dataclass(frozen=True)
class Docs:
    """The running platform, and what each of its services says of itself."""

    platform: Platform
    http: httpx.AsyncClient
    mail: MailReceiver
    contracts: dict[str, dict[str, Any]]
    pasted: set[str] = field(default_factory=set)
    """Operations whose example was sent and well answered, as ``operation`` names them."""

    def example(self, service: str, method: str, path: str, name: str | None = None) -> Any:
        """The first example of a body, or the one of this name; None where it takes no body."""
        contract = self.contracts[service]
        said = contract["paths"][_template(contract, path)][method]
        if "requestBody" not in said:
            return None
        body = said["requestBody"]["content"]["application/json"]
        if name is not None:
            return body["examples"][name]["value"]
        if "example" in body:
            return body["example"]
        schema = body["schema"]
        if "examples" not in schema and "$ref" in schema:
            schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema["examples"][0]

    async def paste(
        self,
        who: tuple[str, str] | str,
        service: str,
        path: str,
        *,
        method: str = "post",
        named: str | None = None,
        put_in: dict[str, Any] | None = None,
        refused: int | None = None,
        **ids: str,
    ) -> Any:
        """Send the example, with only what is ``put_in`` changed; its answer must be good.

        ``who`` is a role and an organisation, or a token. With ``refused`` the answer must be
        that refusal, which the documentation lists: nothing is there to do it to.
        """
        body = self.example(service, method, path, named)
        token = who if isinstance(who, str) else self.platform.token(*who)
        answer = await self.http.request(
            method,
            self.platform.urls[service] + path.format(**ids),
            headers={"Authorization": f"Bearer {token}"},
            json={**body, **put_in} if put_in else body,
        )
        contract = self.contracts[service]
        template = _template(contract, path)
        if refused is None:
            assert answer.is_success, f"{method} {path}: {answer.text}"
        else:
            assert answer.status_code == refused, f"{method} {path}: {answer.text}"
            assert str(refused) in contract["paths"][template][method]["responses"], template
        if body is not None:
            self.pasted.add(operation(service, method, template))
        return answer.json() if answer.content else None

    async def read(self, who: tuple[str, str], service: str, path: str) -> Any:
        """What is there; None where it is not, or not yet."""
        url = self.platform.urls[service] + path
        answer = await self.http.get(url, headers=self.platform.headers(*who))
        return answer.json() if answer.is_success else None

    async def until_services_are_known(self) -> None:
        """Wait until the referral service has heard of the services that the examples name."""
        await eventually(partial(_services_are_known, self), within=20)

    async def accepted_case(self, name: str) -> str:
        """A case of someone of that made-up name, which the team took on."""
        await self.until_services_are_known()
        person = {"given_names": name, "family_name": "Example", "birth_date": "1957-03-14"}
        case = await self.paste(
            PRACTICE, "referral", "/referrals", named="intake", put_in={"person": person}
        )
        path = "/referrals/{referral_id}/accept"
        await self.paste(TEAM, "referral", path, referral_id=case["id"])
        return str(case["id"])

    async def person_of(self, case_id: str) -> str:
        """The id of the person whose case it is."""
        return str((await self.read(TEAM, "referral", f"/referrals/{case_id}"))["person_id"])

    async def planned_case(self, name: str) -> str:
        """An accepted case of which the outcomes service has heard."""
        case = await self.accepted_case(name)
        await eventually(partial(self.read, TEAM, "outcomes", f"/plans/{case}"), within=20)
        return case


@dataclass(frozen=True)
class Walk:
    """Steps that build on each other, and the operations whose examples they paste."""

    name: str
    pastes: frozenset[str]
    steps: Callable[[Docs], Awaitable[None]]

    async def go(self, docs: Docs) -> None:
        """Walk it; what is declared is pasted, and nothing else."""
        own = replace(docs, pasted=set())
        await self.steps(own)
        assert own.pasted == self.pastes


def walk(**operations: str) -> Callable[[Callable[[Docs], Awaitable[None]]], Walk]:
    """Declare what the steps paste: lines of method and path, by service."""
    pastes = frozenset(
        operation(service, *line.split())
        for service, lines in operations.items()
        for line in lines.splitlines()
        if line.strip()
    )
    return lambda steps: Walk(getattr(steps, "__name__", ""), pastes, steps)


def operation(service: str, method: str, template: str) -> str:
    """An operation's name, such as ``referral POST /referrals``."""
    return f"{service} {method.upper()} {template}"


def with_a_body(contracts: dict[str, dict[str, Any]]) -> set[str]:
    """Every operation that takes a body, by its name."""
    return {
        operation(service, method, template)
        for service, contract in contracts.items()
        for template, methods in contract["paths"].items()
        for method, said in methods.items()
        if "requestBody" in said
    }


def _template(contract: dict[str, Any], path: str) -> str:
    """The path as the document has it: of an appointment's steps it has one for all."""
    general = re.sub("/(attend|miss|confirm|arrive)$", "/{step}", path)
    return path if path in contract["paths"] else general


async def _services_are_known(docs: Docs) -> bool:
    named = {
        docs.example("referral", "post", "/referrals", name)["service_id"]
        for name in ("intake", "onward", "signpost")
    }
    async with docs.platform.database("referral") as database:
        known = await database.collection("listings").read([f"{TENANT}/{id_}" for id_ in named])
    return len(known) == len(named)
