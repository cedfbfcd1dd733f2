"""The store while its database is killed, away, or unable to keep what it took."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import Contended, Unavailable
from shared.servers import ServerError, Supervisor, free_port
from shared.servers.mongo import NAME, local_mongo
from shared.store import SLOTS, Database
from shared.testing import eventually
from tests.shared.store_examples import (
    NOON,
    Register,
    Registers,
    because,
    came,
    come,
    keep,
    raw,
)

pytestmark = pytest.mark.faults

RECORDS = [f"record {n}" for n in range(12)]


@dataclass
class Own:
    """A mongod of this test's own, and a service's two replicas on it."""

    processes: Supervisor
    database: Database
    one: Registers
    two: Registers

    async def kill_and_restart(self, *, away: float) -> None:
        """SIGKILL, and the same data folder again after so many seconds."""
        await self.processes.kill(NAME)
        await asyncio.sleep(away)
        await self.processes.restart(NAME)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    async with Supervisor(tmp_path) as processes:
        try:
            mongo = await local_mongo(processes, tmp_path, kept=False)
        except ServerError as error:
            pytest.skip(str(error))
        database, other = (Database.connect(mongo.uri, "faults") for _ in range(2))
        one, two = (Registers(each.collection("registers")) for each in (database, other))
        await one.ensure_indexes()
        yield Own(processes, database, one, two)
        await database.close()
        await other.close()


class Callers:
    """Callers that insist on each change with the same cause until it is acknowledged."""

    def __init__(self, *stores: Registers) -> None:
        self._stores = stores
        self._random = random.Random(7)
        self.stopping = False
        self.unanswered = 0
        self.versions: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        """By record and mark, the versions that callers were told."""

    async def call(self, name: str) -> None:
        n = 0
        while not self.stopping:
            n += 1
            mark, record_id = f"{name} {n}", self._random.choice(RECORDS)
            stores = self._random.choice([self._stores, self._stores[:1], self._stores[1:]])
            versions = await asyncio.gather(*(self._insist(s, record_id, mark) for s in stores))
            self.versions[record_id][mark].update(versions)

    async def _insist(self, store: Registers, record_id: str, mark: str) -> int:
        while True:
            try:
                return (await store.update(record_id, come(mark), because(mark))).version
            except Unavailable:
                self.unanswered += 1
            except Contended:
                await asyncio.sleep(0.01)


@pytest.mark.timeout(60)
async def test_acknowledged_changes_survive_a_killed_database_and_apply_once(own: Own) -> None:
    await asyncio.gather(*(own.one.insert(id_, Register(id=id_), [], because()) for id_ in RECORDS))
    callers = Callers(own.one, own.two)
    calling = asyncio.gather(*(callers.call(f"caller {n}") for n in range(24)))

    await asyncio.sleep(0.7)
    await own.kill_and_restart(away=0)
    await asyncio.sleep(2)
    await own.kill_and_restart(away=5.5)  # longer than the driver waits for a server
    await asyncio.sleep(2)
    callers.stopping = True
    await calling

    assert callers.unanswered > 0
    for record_id in RECORDS:
        document = await raw(own.two, record_id)
        told = callers.versions[record_id]
        assert sorted(document["state"]["came"]) == sorted(told)
        last = len(told)
        assert last > 0
        assert document["version"] == 1 + last
        assert sorted(map(list, told.values())) == [[v] for v in range(2, last + 2)]
        for kept in ("outbox", "history"):
            assert [entry["seq"] for entry in document[kept]] == list(range(1, last + 1))


async def test_a_database_that_is_away_is_unavailable_to_every_call() -> None:
    database = Database.connect(f"mongodb://127.0.0.1:{free_port()}", "away")
    store = Registers(database.collection("registers"))
    collection = store.collection
    second = timedelta(seconds=1)

    results = await asyncio.gather(
        database.ping(),
        store.insert("monday", Register(id="monday"), [], because()),
        store.insert("friday", Register(id="friday"), [], because()),
        store.update("monday", come("ada"), because()),
        store.update("friday", come("bob"), because()),
        store.get("monday", "icb-demo"),
        store.find("icb-demo"),
        store.claim_due(NOON, second, 1),
        collection.unsent(range(SLOTS), 1),
        collection.remove_sent({"monday": ["event"]}),
        collection.lease_slots("a", second),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [Unavailable] * 11
    await database.close()


async def test_what_is_not_safely_stored_yet_is_neither_acknowledged_nor_published(
    own: Own,
) -> None:
    monday = Register(id="monday")
    await own.one.insert("monday", monday, [], because())
    answer = await own.database.command({"replSetGetConfig": 1}, database="admin")
    alone = answer["config"]
    missing = {"_id": 1, "host": f"127.0.0.1:{free_port()}", "priority": 0}
    two_members = {**alone, "members": [*alone["members"], missing]}

    # With a second member that never answers, no write reaches a majority.
    await own.database.command({"replSetReconfig": two_members, "force": True}, database="admin")
    first = asyncio.create_task(own.one.update("monday", come("ada"), because("add")))
    new = asyncio.create_task(
        own.one.insert("friday", Register(id="friday"), came(monday, "bob"), because("open"))
    )

    async def written() -> bool:
        found = await own.two.collection.read(["monday", "friday"])
        return len(found) == 2 and found["monday"]["version"] == 2

    await eventually(written)
    again = asyncio.create_task(own.two.update("monday", come("ada"), because("add")))
    nothing = asyncio.create_task(own.two.update("monday", keep, because()))
    new_again = asyncio.create_task(
        own.two.insert("friday", Register(id="friday"), [], because("open"))
    )
    callers = {first, new, again, nothing, new_again}
    acknowledged, _ = await asyncio.wait(callers, timeout=1)
    unsent = await own.two.collection.unsent(range(SLOTS), 10)

    assert acknowledged == set()
    assert unsent == []

    await own.database.command({"replSetReconfig": alone, "force": True}, database="admin")
    updates = await asyncio.gather(first, again, nothing)
    inserts = await asyncio.gather(new, new_again)

    assert [(saved.version, saved.repeated) for saved in updates] == [
        (2, False),
        (2, True),
        (2, False),
    ]
    assert [(saved.version, saved.repeated) for saved in inserts] == [(1, False), (1, True)]
    # A change of members makes the server forget what is safe until its next write.
    await own.one.insert("sunday", Register(id="sunday"), [], because())
    assert len(await own.two.collection.unsent(range(SLOTS), 10)) == 2
