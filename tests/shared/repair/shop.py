"""What the tests of repair share: a group whose handler can be broken, and its letters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiokafka import TopicPartition

from shared.bus import Applier, Consumer, DeadLetters, Publisher, RecordReader, TopicReader
from shared.bus.batch import Progress
from shared.cause import Cause
from shared.errors import Conflict, LinkwayError, NotFound
from shared.events import ReferralCreated
from shared.repair import Letter, Letters, LetterShelf, Mender, Repair, Runs
from shared.settings import ServiceSettings
from shared.store import Database, Saved
from shared.telemetry import Telemetry
from tests.shared.bus.harness import QUICK, Sent, envelope, produce

FAULTS: dict[str, type[Exception]] = {
    "missing": NotFound,
    "refused": Conflict,
    "bug": KeyError,
}


@dataclass
class Records:
    """Stands in for a service's stores; ``faults`` says how a case's events fail."""

    applied: list[tuple[str, int]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)

    def of(self, case_id: str) -> list[int]:
        return [seq for case, seq in self.applied if case == case_id]


def breakable(group: str = "outcomes") -> Consumer[Records]:
    consumer = Consumer[Records](group)

    @consumer.on(ReferralCreated)
    async def made(event: ReferralCreated, cause: Cause, stores: Records) -> None:
        assert cause.repeatable
        fault = FAULTS.get(stores.faults.get(event.case_id, ""))
        if fault is not None:
            raise fault("told" if issubclass(fault, LinkwayError) else event.case_id)
        if (event.case_id, event.seq) not in stores.applied:
            stores.applied.append((event.case_id, event.seq))

    return consumer


@dataclass
class Shop:
    """A group, what it applied, its letters and who mends them."""

    settings: ServiceSettings
    topic: str
    group: str
    records: Records
    letters: Letters
    applier: Applier[Records]
    mender: Mender
    repair: Repair
    reader: RecordReader
    fed: int = 0

    async def feed(self, *sent: Sent) -> None:
        """Put these on partition 0 and apply all that is new, as the group would."""
        await produce(self.settings.kafka_bootstrap, self.topic, sent)
        await self.go_on()

    async def go_on(self, *, again: int = 0) -> None:
        """Apply what is new on the topic, and the last ``again`` records once more."""
        async with TopicReader(
            self.settings.kafka_bootstrap, [TopicPartition(self.topic, 0)]
        ) as reader:
            found = await reader.read_on()
        new = found[self.fed - again :]
        progress = Progress(new)
        await self.applier.apply(new, progress)
        assert not progress.unfinished()
        self.fed = len(found)

    async def letter(self, offset: int) -> Saved[Letter]:
        """The letter of the record at this offset."""
        return await self.letters.one(self.id(offset))

    def id(self, offset: int) -> str:
        return Letters.id_of(self.group, self.topic, 0, offset)

    async def statuses(self) -> dict[int, str]:
        """What became of each letter, by offset."""
        found = await self.letters.find("platform", limit=200)
        return dict(sorted((each.state.offset, each.state.status) for each in found.items))

    async def replay(self, offset: int) -> object:
        return await self.mender.replay(self.id(offset), self.reader, by="u-1", reason="mended")


@asynccontextmanager
async def shop(settings: ServiceSettings, database: Database) -> AsyncIterator[Shop]:
    """One group's letters, on a real database and broker."""
    telemetry = Telemetry(settings)
    publisher = Publisher(settings)
    await publisher.connect()
    letters = Letters(database.collection("dead_letters"))
    runs = Runs(database.collection("repairs"))
    await letters.ensure_indexes()
    await runs.ensure_indexes()
    group = f"{settings.topic_prefix}outcomes"
    records = Records()
    shelf = LetterShelf(letters)
    applier = Applier(
        breakable(),
        records,
        DeadLetters(publisher, settings, telemetry),
        telemetry,
        shelf=shelf,
        group=group,
        patience=QUICK,
    )
    mender = Mender(letters, {group: applier}, settings, lambda: datetime.now(UTC))
    repair = Repair(runs, mender, shelf, telemetry)
    async with RecordReader(settings) as reader:
        yield Shop(
            settings,
            f"{settings.topic_prefix}referral-events",
            group,
            records,
            letters,
            applier,
            mender,
            repair,
            reader,
        )
    await publisher.close()
    telemetry.close()


def event(case_id: str, seq: int) -> Sent:
    """An event of a case, on partition 0."""
    return Sent.of(envelope(case_id, seq=seq), partition=0)
