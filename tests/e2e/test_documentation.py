"""The documented examples, pasted as they stand on a platform with the demo's directory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

import services.console
from services.console.demo.loading import load
from services.console.platform import TENANT, Platform, client, running_platform
from shared.ids import new_id
from shared.servers import Kafka, Servers
from shared.testing import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("e2e-documentation"),
]

PRACTICE = ("referrer", "Y90001")
TEAM = ("link_worker", "3c1956f4-0fab-500b-96ff-11c021055d23")
LEAD = ("team_lead", TEAM[1])
GROUP = ("provider", "9834269b-5271-5b76-baeb-ab27aca72ea6")
CURATOR = ("directory_curator", "icb")
NOBODY_LISTENS = "http://127.0.0.1:9/linkway"


@dataclass(frozen=True)
class Docs:
    """The running platform, and what each of its services says of itself."""

    platform: Platform
    http: httpx.AsyncClient
    contracts: dict[str, dict[str, Any]]

    def example(self, service: str, method: str, path: str, name: str | None = None) -> Any:
        """The first example of a body, or the one of this name; None where it takes no body."""
        contract = self.contracts[service]
        operation = contract["paths"][_template(contract, path)][method]
        if "requestBody" not in operation:
            return None
        body = operation["requestBody"]["content"]["application/json"]
        if name is not None:
            return body["examples"][name]["value"]
        schema = body["schema"]
        if "examples" not in schema and "$ref" in schema:
            schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema["examples"][0]

    async def paste(
        self,
        who: tuple[str, str],
        service: str,
        path: str,
        *,
        method: str = "post",
        name: str | None = None,
        put_in: dict[str, Any] | None = None,
        **ids: str,
    ) -> Any:
        """Send the example, with only what is ``put_in`` changed; its answer must be good."""
        body = self.example(service, method, path, name)
        answer = await self.http.request(
            method,
            self.platform.urls[service] + path.format(**ids),
            headers=self.platform.headers(*who),
            json={**body, **put_in} if put_in else body,
        )
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def docs(
    mongo_uri: str, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Docs]:
    servers = Servers(mongo_uri, kafka.bootstrap, kafka.idempotent, kafka.description)
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(
            running_platform(
                servers,
                tmp_path_factory.mktemp("platform"),
                prefix=f"docs-{new_id()[-8:]}-",
                settings={"LINKWAY_TOPIC_PARTITIONS": "4"},
            )
        )
        http = await stack.enter_async_context(client())
        shipped = Path(services.console.__file__).parent / "demo_data"
        token = platform.token(*CURATOR)
        loaded = await load(
            [shipped],
            platform.urls["directory"],
            token,
            areas=frozenset({"ZZ"}),
            at_line=lambda _, __: None,
        )
        assert loaded.complete
        contracts = {
            service: (await http.get(f"{url}/openapi.json")).json()
            for service, url in platform.urls.items()
        }
        yield Docs(platform, http, contracts)
        for service in platform.databases:
            async with platform.database(service) as database:
                await database.drop()


async def test_examples_lead_a_newcomer_from_an_intake_to_a_session(docs: Docs) -> None:
    refer = partial(docs.paste, service="referral", path="/referrals")
    await eventually(partial(_services_are_known, docs), within=20)
    case = (await refer(PRACTICE, name="intake"))["id"]
    await docs.paste(TEAM, "referral", "/referrals/{referral_id}/accept", referral_id=case)
    await docs.paste(TEAM, "referral", "/referrals/{referral_id}/appointments", referral_id=case)

    onward = (await refer(TEAM, name="onward", put_in={"case_id": case}))["id"]
    await refer(TEAM, name="signpost", put_in={"case_id": case})
    await docs.paste(GROUP, "referral", "/referrals/{referral_id}/accept", referral_id=onward)
    session = (await docs.paste(GROUP, "referral", "/sessions"))["id"]
    await docs.paste(
        GROUP,
        "referral",
        "/sessions/{session_id}/places",
        put_in={"referral_id": onward},
        session_id=session,
    )

    await eventually(partial(_plan_is_there, docs, case), within=20)
    for path in ("assessments", "goals", "measures"):
        await docs.paste(TEAM, "outcomes", f"/plans/{{case_id}}/{path}", case_id=case)


async def test_examples_of_the_directory_find_what_the_demo_loads(docs: Docs) -> None:
    found = await docs.paste(TEAM, "directory", "/matches")
    assert found["matches"]
    await docs.paste(TEAM, "directory", "/unmet-needs")
    for path in ("/organisations", "/districts", "/services"):
        loaded = await docs.paste(CURATOR, "directory", path, method="put")
        assert {row["outcome"] for row in loaded["results"]} <= {"created", "changed", "unchanged"}
    stated = docs.example("directory", "put", "/services/{service_id}")["id"]
    path = "/services/{service_id}"
    await docs.paste(CURATOR, "directory", path, method="put", service_id=stated)
    await docs.paste(GROUP, "directory", f"{path}/capacity", method="put", service_id=stated)
    await docs.paste(TEAM, "directory", f"{path}/problems", service_id=stated)
    await docs.paste(CURATOR, "directory", f"{path}/close", service_id=stated)


async def test_examples_subscribe_by_webhook_and_by_mail(docs: Docs) -> None:
    subscribe = partial(docs.paste, GROUP, "notifications", "/subscriptions")
    await subscribe(name="webhook", put_in={"url": NOBODY_LISTENS})
    await subscribe(name="email")


async def test_examples_state_a_team_and_its_rules(docs: Docs) -> None:
    path = "/teams/{organisation_id}/workers/{worker_id}"
    await docs.paste(
        LEAD, "referral", path, method="put", organisation_id=LEAD[1], worker_id="worker-1"
    )
    await docs.paste(("tenant_admin", "icb"), "referral", "/rules", method="put")


async def test_examples_answer_a_referral_and_end_it_in_each_way(docs: Docs) -> None:
    await eventually(partial(_services_are_known, docs), within=20)
    case = await _accepted_case(docs, "Answered")
    made = {"case_id": case, "override_reason": "Another try."}

    async def onward() -> str:
        receipt = await docs.paste(TEAM, "referral", "/referrals", name="onward", put_in=made)
        return str(receipt["id"])

    async def said(who: tuple[str, str], step: str, referral: str, appointment_id: str = "") -> Any:
        path = f"/referrals/{{referral_id}}/{step}"
        ids = {"referral_id": referral, "appointment_id": appointment_id}
        return await docs.paste(who, "referral", path, put_in=None, **ids)

    taken = await onward()
    for who, step in ((GROUP, "ask"), (TEAM, "answer"), (GROUP, "accept"), (GROUP, "assign")):
        await said(who, step, taken)
    first = (await said(GROUP, "appointments", taken))["appointment_id"]
    step = "appointments/{appointment_id}/"
    second = (await said(GROUP, step + "reschedule", taken, appointment_id=first))["appointment_id"]
    await said(GROUP, step + "attend", taken, appointment_id=second)
    third = (await said(GROUP, "appointments", taken))["appointment_id"]
    await said(GROUP, step + "cancel", taken, appointment_id=third)
    for step in ("contacts", "notes", "hold", "resume", "complete"):
        await said(GROUP, step, taken)

    declined = await onward()
    await said(GROUP, "decline", declined)
    await said(TEAM, "dismiss-reroute", declined)
    await said(TEAM, "withdraw", await onward())
    await said(TEAM, "enter-in-error", await onward())
    await said(TEAM, "reroute", await onward())
    told = await docs.paste(
        TEAM, "referral", "/referrals", name="signpost", put_in={"case_id": case}
    )
    await said(TEAM, "follow-up", told["id"])
    await said(TEAM, "not-complete", case)


async def test_examples_put_the_record_of_a_person_right(docs: Docs) -> None:
    await eventually(partial(_services_are_known, docs), within=20)
    case = await _accepted_case(docs, "Corrected")
    seen = await docs.http.get(
        f"{docs.platform.urls['referral']}/referrals/{case}", headers=docs.platform.headers(*TEAM)
    )
    told = partial(docs.paste, service="referral", person_id=seen.json()["person_id"])
    await told(TEAM, path="/persons/{person_id}", method="patch")
    for step in ("consent", "consent/withdraw", "moved"):
        await told(TEAM, path=f"/persons/{{person_id}}/{step}")
    await told(LEAD, path="/persons/{person_id}/data-opt-out", method="put")
    await told(LEAD, path="/persons/{person_id}/legal-hold", method="put")
    for step in ("restriction", "deceased", "erasure"):
        await told(LEAD, path=f"/persons/{{person_id}}/{step}")


async def test_examples_follow_goals_and_assessments(docs: Docs) -> None:
    await eventually(partial(_services_are_known, docs), within=20)
    case = await _accepted_case(docs, "Followed")
    await eventually(partial(_plan_is_there, docs, case), within=20)
    plan = partial(docs.paste, service="outcomes", case_id=case)
    goal = (await plan(TEAM, path="/plans/{case_id}/goals"))["id"]
    for step in ("progress", "steps", "wording", "confidence", "lifecycle"):
        await plan(TEAM, path=f"/plans/{{case_id}}/goals/{{goal_id}}/{step}", goal_id=goal)
    begun = (await plan(TEAM, path="/plans/{case_id}/assessments/start"))["id"]
    path = "/plans/{case_id}/assessments/{assessment_id}"
    await plan(TEAM, path=path, method="put", assessment_id=begun)
    await plan(TEAM, path="/plans/{case_id}/gp-contacts", method="put")


def _template(contract: dict[str, Any], path: str) -> str:
    """The path as the document has it: of an appointment's steps it has one for all."""
    general = re.sub("/(attend|miss|confirm|arrive)$", "/{step}", path)
    return path if path in contract["paths"] else general


async def _accepted_case(docs: Docs, name: str) -> str:
    """A case of someone of that made-up name, which the team took on."""
    person = {"given_names": name, "family_name": "Example", "birth_date": "1957-03-14"}
    case = await docs.paste(
        PRACTICE, "referral", "/referrals", name="intake", put_in={"person": person}
    )
    path = "/referrals/{referral_id}/accept"
    await docs.paste(TEAM, "referral", path, referral_id=case["id"])
    return str(case["id"])


async def _services_are_known(docs: Docs) -> bool:
    """Whether the referral service has heard of the services that the examples name."""
    named = {
        docs.example("referral", "post", "/referrals", name)["service_id"]
        for name in ("intake", "onward", "signpost")
    }
    async with docs.platform.database("referral") as database:
        known = await database.collection("listings").read([f"{TENANT}/{id_}" for id_ in named])
    return len(known) == len(named)


async def _plan_is_there(docs: Docs, case_id: str) -> bool:
    url = f"{docs.platform.urls['outcomes']}/plans/{case_id}"
    return (await docs.http.get(url, headers=docs.platform.headers(*TEAM))).is_success
