"""Reports built anew from Kafka while facts go on coming, compared and swapped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from services.outcomes.handlers.counting import recount
from services.outcomes.projections import rebuildable
from services.outcomes.store import Stores
from shared.cause import Actor
from shared.errors import Contended
from shared.store import Database
from shared.store.memory import MemoryCollection
from shared.testing import eventually
from tests.outcomes.asking import Service
from tests.outcomes.examples import TENANT, WORKER, intake
from tests.outcomes.keeping import kept as kept_in
from tests.outcomes.reporting import profiled
from tests.outcomes.test_consumers import sealed

OPERATIONS = Actor("ops-1", "operations", "operations", "icb-demo")
FIRST = 20


class Load:
    """Opens cases one after the other, each profiled, until it is told to stop."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self.cases = 0
        self.enough = asyncio.Event()

    async def open_case(self) -> None:
        case = f"case-{self.cases:05}"
        for event in (intake(), profiled()):
            own = {"case_id": case, "referral_id": case}
            value, headers = sealed(event.model_copy(update=own))
            await self._producer.send_and_wait(
                self._topic, value, key=case.encode(), headers=headers
            )
        self.cases += 1

    async def go_on(self) -> None:
        while not self.enough.is_set():
            await self.open_case()
            await asyncio.sleep(0.02)


@pytest.fixture
async def load(kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[Load]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    yield Load(producer, f"{topic_prefix}referral-events")
    await producer.stop()


@pytest.fixture
async def kept(
    service_env: Callable[[str], Mapping[str, str]], mongo_uri: str
) -> AsyncIterator[Database]:
    """The service's database, to spoil what is in it."""
    database = Database.connect(mongo_uri, service_env("outcomes")["LINKWAY_MONGO_DATABASE"])
    yield database
    await database.close()


async def ask(service: Service, path: str) -> Any:
    answer = await service.get(path, OPERATIONS)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def phase(service: Service, rebuild_id: str, *wanted: str) -> Any:
    async def reached() -> Any:
        found = await ask(service, f"/ops/rebuilds/{rebuild_id}")
        return found if found["phase"] in wanted else None

    return await eventually(reached, within=60)


def with_short_grace(service: Service) -> None:
    """No process of this test is stopped, so none must be waited for."""
    transport = service.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    transport.app.state.rebuilder.grace = 2.0  # type: ignore[attr-defined]


async def counted(service: Service) -> int:
    """Referrals made, as the cells of the whole tenant have it."""
    found = await service.stores.cells.aggregate(
        [
            {"$match": {"tenant": TENANT, "facets.space": "team", "facets.subject": "referrals"}},
            {"$project": {"rows": {"$objectToArray": "$state.rows"}}},
            {"$unwind": "$rows"},
            {"$match": {"rows.k": {"$regex": "made$"}}},
            {"$group": {"_id": None, "made": {"$sum": "$rows.v"}}},
        ]
    )
    return int(found[0]["made"]) if found else 0


def test_of_every_collection_it_is_said_whether_it_can_be_rebuilt() -> None:
    said = rebuildable(kept_in(MemoryCollection).person_keys)
    (reports,) = said.projections
    assert {*reports.collections, *said.others} == {each.name for each in fields(Stores)}


async def test_reports_are_rebuilt_compared_and_swapped_while_facts_go_on_coming(
    connected: Service, load: Load, kept: Database
) -> None:
    with_short_grace(connected)
    for _ in range(FIRST):
        await load.open_case()

    async def all_counted() -> bool:
        # A case counts before its profile is heard, which would put right what is spoilt below.
        found = await connected.stores.cases.get_many(["case-00005"], TENANT)
        heard = any(saved.state.profile is not None for saved in found.values())
        return heard and await counted(connected) == FIRST

    await eventually(all_counted, within=60)
    secret = (await connected.stores.ledgers.get(TENANT, TENANT)).state.secret
    # A restore went wrong: one case is lost, of another the profile.
    await kept.command({"delete": "cases", "deletes": [{"q": {"_id": "case-00003"}, "limit": 1}]})
    spoilt = {"q": {"_id": "case-00005"}, "u": {"$set": {"state.profile": None}}}
    await kept.command({"update": "cases", "updates": [spoilt]})

    refused = {"projection": "plans", "reason": "to see what it says"}
    assert (await connected.post("/ops/rebuilds", OPERATIONS, refused)).status_code == 404
    body = {"projection": "reports", "reason": "cases differ after a restore"}
    assert (await connected.post("/ops/rebuilds", WORKER, body)).status_code == 403
    loading = asyncio.create_task(load.go_on())
    try:
        begun = (await connected.post("/ops/rebuilds", OPERATIONS, body)).json()
        assert (await connected.post("/ops/rebuilds", OPERATIONS, body)).status_code == 409
        ready = await phase(connected, begun["id"], "ready")
        cases = next(each for each in ready["compared"] if each["collection"] == "cases")
        assert {each["id"]: each["where"] for each in cases["named"]} == {
            "case-00003": ["only rebuilt"],
            "case-00005": ["/profile"],
        }
        assert ready["equal"] is False
        assert ready["set_aside"] == {}
        assert await kept.collection("cases").read(["case-00003"]) == {}

        await connected.post(
            f"/ops/rebuilds/{begun['id']}/swap", OPERATIONS, {"reason": "as foreseen"}
        )
        await phase(connected, begun["id"], "following", "done")
    finally:
        load.enough.set()
        await loading
    await phase(connected, begun["id"], "done")

    async def equal_again() -> bool:
        assert await counted(connected) == load.cases
        return True

    await eventually(equal_again, within=60)
    assert load.cases > FIRST
    assert await connected.stores.cases.count(TENANT) == load.cases
    assert (await connected.stores.cases.get("case-00005", TENANT)).state.profile is not None
    ledger = (await connected.stores.ledgers.get(TENANT, TENANT)).state
    assert (ledger.secret, ledger.held_until) == (secret, None)

    async def cells_hold_what_the_cases_say() -> bool:
        try:
            again = await recount(connected.stores, TENANT, datetime.now(UTC), repair=False)
        except Contended:
            return False  # the last cases are being counted
        assert again.differing == []
        return True

    await eventually(cells_hold_what_the_cases_say, within=30)
    assert not [name for name in await kept.collection_names() if "__" in name]
    unsent = await kept.collection("cases").unsent_stats()
    assert unsent.pending == 0


async def test_a_rebuild_given_up_leaves_nothing_and_one_that_is_right_is_equal(
    connected: Service, load: Load, kept: Database
) -> None:
    for _ in range(3):
        await load.open_case()

    async def all_counted() -> bool:
        return await counted(connected) == 3

    await eventually(all_counted, within=60)
    body = {"projection": "reports", "reason": "to see that nothing differs"}
    begun = (await connected.post("/ops/rebuilds", OPERATIONS, body)).json()
    ready = await phase(connected, begun["id"], "ready")
    assert ready["equal"] is True
    assert {each["collection"]: each["rebuilt"] for each in ready["compared"]}["cases"] == 3

    why = {"reason": "nothing to put right"}
    path = f"/ops/rebuilds/{begun['id']}"
    assert (await connected.post(f"{path}/cancel", OPERATIONS, why)).status_code == 202
    await phase(connected, begun["id"], "cancelled")
    assert not [name for name in await kept.collection_names() if "__" in name]
    assert (await connected.post(f"{path}/swap", OPERATIONS, why)).status_code == 409
    assert await counted(connected) == 3
