"""Any order of calls on two replicas, many at once, agrees with a simple model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from copy import copy
from typing import Any, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.ids import new_id
from shared.store import SLOTS, Database, Memory
from tests.shared.store_examples import Register, Registers, because, come, keep, move, refuse
from tests.shared.store_model import Call, Model, Result

T = TypeVar("T")

RECORDS = ("monday", "friday", "sunday")
CAUSES = tuple(f"cause {n}" for n in range(8))

records = st.sampled_from(RECORDS)
causes = st.sampled_from(CAUSES) | st.uuids().map(str)
digests = st.sampled_from(["d1", "d1", "d1", "d2"])
rooms = st.sampled_from([None, "hall", "attic"])
updates = st.builds(
    Call,
    kind=st.sampled_from(["come", "come", "come", "come unremembered", "move", "refuse", "keep"]),
    record=records,
    cause=causes,
    digest=digests,
    mark=st.sampled_from(["ada", "bob", "cyd"]),
    room=rooms,
    at_version=st.none() | st.integers(1, 6),
)
openings = st.builds(
    Call, kind=st.just("open"), record=records, cause=causes, digest=digests, room=rooms
)


class Stores(RuleBasedStateMachine):
    """Two replicas of one service, their relay, and the model."""

    def __init__(self, runner: asyncio.Runner, one: Registers, two: Registers) -> None:
        super().__init__()
        self.runner = runner
        self.replicas = (one, two)
        self.collection = one.collection
        self.model = Model()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def start(self) -> None:
        for replica in self.replicas:
            self.run(replica.ensure_indexes())

    async def call(self, call: Call, replica: int) -> Result:
        store = self.replicas[replica]
        cause = because(call.cause, digest=call.digest)
        try:
            if call.kind == "open":
                state = Register(id=call.record, room=call.room)
                return await store.insert(call.record, state, [], cause)
            change = {
                "come": come(call.mark),
                "come unremembered": come(call.mark),
                "move": move(call.mark, call.room),
                "refuse": refuse,
                "keep": keep,
            }[call.kind]
            remember = call.kind != "come unremembered"
            return await store.update(
                call.record, change, cause, if_match=call.at_version, remember=remember
            )
        except Exception as error:  # noqa: BLE001 - the model judges it
            return error

    @rule(call=openings, replica=st.integers(0, 1))
    def open_record(self, call: Call, replica: int) -> None:
        self.model.learn([call], [self.run(self.call(call, replica))])

    @rule(call=updates, replica=st.integers(0, 1))
    def update_record(self, call: Call, replica: int) -> None:
        self.model.learn([call], [self.run(self.call(call, replica))])

    @rule(
        calls=st.lists(st.tuples(updates | openings, st.integers(0, 1)), min_size=2, max_size=12),
        relaying=st.booleans(),
    )
    def call_at_once(self, calls: Sequence[tuple[Call, int]], *, relaying: bool) -> None:
        async def all_at_once() -> list[Result]:
            relay = asyncio.create_task(self.relay(limit=2, count=1 if relaying else 0))
            results = await asyncio.gather(*(self.call(call, replica) for call, replica in calls))
            for record, seqs in (await relay).items():
                taken.setdefault(record, []).extend(seqs)
            return results

        taken: dict[str, list[int]] = {}
        results = self.run(all_at_once())
        self.model.learn([call for call, _ in calls], results)
        self.note_sent(taken)

    @rule(limit=st.integers(1, 3), count=st.integers(1, 4))
    def send(self, limit: int, count: int) -> None:
        self.note_sent(self.run(self.relay(limit, count)))

    async def relay(self, limit: int, count: int) -> dict[str, list[int]]:
        """Take away the first ``count`` events of ``limit`` records, as once they are sent."""
        found = await self.collection.unsent(range(SLOTS), limit)
        sent = {unsent.id: unsent.entries[:count] for unsent in found}
        await self.collection.remove_sent(
            {record: [entry.id for entry in entries] for record, entries in sent.items()}
        )
        return {
            record: [json.loads(entry.data)["seq"] for entry in entries]
            for record, entries in sent.items()
        }

    def note_sent(self, sent: dict[str, list[int]]) -> None:
        for record, seqs in sent.items():
            self.model.records[record].sent += seqs

    @invariant()
    def the_records_are_as_the_model_says(self) -> None:
        documents = self.run(self.collection.read(RECORDS))
        assert documents.keys() == self.model.records.keys()
        for record, known in self.model.records.items():
            document = documents[record]
            assert document["version"] == known.version
            assert document["state"]["came"] == known.came
            assert document["state"]["room"] == known.room
            remembered = [document["created"], *document["seen"]]
            assert {entry["id"] for entry in remembered} == known.causes.keys()
            assert len(remembered) == len(known.causes)

    @invariant()
    def each_event_was_sent_or_waits_once_and_in_order(self) -> None:
        documents = self.run(self.collection.read(RECORDS))
        for record, known in self.model.records.items():
            document = documents[record]
            every = list(range(1, len(known.came) + 1))
            waiting = [entry["seq"] for entry in document["outbox"]]
            assert [*known.sent, *waiting] == every
            assert [line["seq"] for line in document["history"]] == every
            marks = [json.loads(entry["data"])["mark"] for entry in document["outbox"]]
            assert marks == known.came[len(known.sent) :]
            assert ("outbox_since" in document) == bool(waiting)

    @invariant()
    def no_room_has_two_registers(self) -> None:
        taken = [known.room for known in self.model.records.values() if known.room]
        assert len(taken) == len(set(taken))


def explored(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_the_fake_agrees_with_the_model() -> None:
    with asyncio.Runner() as runner:

        class OnMemory(Stores):
            def __init__(self) -> None:
                collection = Memory().collection("registers")
                super().__init__(runner, Registers(collection), Registers(copy(collection)))

        run_state_machine_as_test(OnMemory, settings=explored(80, 25))


def test_mongodb_agrees_with_the_model(mongo_uri: str) -> None:
    name = f"test-{new_id()[-12:]}"

    async def connect() -> list[Database]:
        return [Database.connect(mongo_uri, name) for _ in range(2)]

    async def leave() -> None:
        await databases[0].drop()
        for database in databases:
            await database.close()

    with asyncio.Runner() as runner:
        databases = runner.run(connect())

        class OnMongo(Stores):
            def __init__(self) -> None:
                collection = f"registers-{new_id()[-12:]}"
                one, two = (Registers(each.collection(collection)) for each in databases)
                super().__init__(runner, one, two)

        try:
            run_state_machine_as_test(OnMongo, settings=explored(30, 20))
        finally:
            runner.run(leave())
