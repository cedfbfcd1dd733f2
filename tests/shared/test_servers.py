from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.servers import (
    Broker,
    Finder,
    Kafka,
    Keeper,
    ServerError,
    ask_kafka,
    docker,
    folders,
    free_port,
    kafka_answers,
    maven,
    running_servers,
)
from shared.store import Database

JAVA_MISSING = (
    "Apache Kafka needs Java 17 or newer, which is not on the PATH: install it, "
    "or start Docker, or give an address in LINKWAY_USE_KAFKA."
)


@pytest.fixture(autouse=True, scope="module")
def nothing_given() -> Iterator[None]:
    """As on a machine where no address is given and no Docker engine answers."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("LINKWAY_USE_MONGO", raising=False)
        environment.delenv("LINKWAY_USE_KAFKA", raising=False)
        environment.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        yield


@pytest.fixture
def empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH of one empty folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


async def send(kafka: Kafka, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap, enable_idempotence=kafka.idempotent, acks="all"
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def first(kafka: Kafka, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()
    value: bytes | None = record.value
    return value


async def create_topic(kafka: Kafka, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()


def skip_unless_it_runs(broker: Broker) -> None:
    if broker == "apache" and not asyncio.run(maven.can_run_kafka()):
        pytest.skip("Apache Kafka needs Java 17 and Maven")


@pytest.fixture
def apache_runs() -> None:
    skip_unless_it_runs("apache")


@pytest.fixture(scope="module", params=["apache", "tansu"])
def local_kafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    skip_unless_it_runs(request.param)
    keeper = Keeper(broker=request.param, say=lambda _: None)
    keeper.start()
    try:
        yield ask_kafka(keeper.port)
    finally:
        keeper.stop()


async def test_a_local_broker_gives_back_what_it_accepted(local_kafka: Kafka) -> None:
    await create_topic(local_kafka, "facts")
    await send(local_kafka, "facts", b"one")
    assert await first(local_kafka, "facts") == b"one"


async def test_a_given_broker_is_asked_whether_it_takes_idempotent_producers(
    local_kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKWAY_USE_KAFKA", local_kafka.bootstrap)
    async with Finder() as finder:
        given = await finder.kafka()
    assert given.idempotent == local_kafka.description.startswith("Apache Kafka 4.")
    assert given.idempotent != local_kafka.description.startswith("Tansu 0.")


async def test_asking_for_a_topic_makes_it_on_tansu_alone(local_kafka: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=local_kafka.bootstrap)
    await admin.start()
    await admin.describe_topics(["mistyped"])
    made = await admin.list_topics()
    await admin.close()
    assert ("mistyped" in made) == local_kafka.description.startswith("Tansu")


@pytest.mark.usefixtures("apache_runs")
async def test_apache_kafka_survives_a_kill_with_what_it_accepted() -> None:
    async with Finder(broker="apache") as finder:
        kafka = await finder.kafka()
        await create_topic(kafka, "facts")
        await send(kafka, "facts", b"one")
        await finder.processes.kill("kafka")
        assert not await kafka_answers(kafka.bootstrap)
        await finder.processes.restart("kafka")
        await finder.processes.wait_until("kafka", lambda: kafka_answers(kafka.bootstrap))
        assert await first(kafka, "facts") == b"one"


async def test_a_local_mongod_is_the_primary_of_a_replica_set() -> None:
    async with Finder() as finder:
        found = await finder.mongo()
        database = Database.connect(found.uri, "facts")
        hello = await database.command({"hello": 1})
        build = await database.command({"buildInfo": 1})
        await database.close()
    assert hello["setName"] == "linkway"
    assert hello["isWritablePrimary"] is True
    assert f"MongoDB {build['version']} (local, " in found.description


@pytest.mark.usefixtures("apache_runs")
async def test_a_given_folder_keeps_the_data_of_both_servers(tmp_path: Path) -> None:
    for round_ in (1, 2):
        async with Finder(broker="apache", folder=tmp_path) as finder:
            kafka, found = await asyncio.gather(finder.kafka(), finder.mongo())
            database = Database.connect(found.uri, "facts")
            if round_ == 1:
                await database.command({"insert": "kept", "documents": [{"_id": "one"}]})
                await create_topic(kafka, "facts")
                await send(kafka, "facts", b"one")
            answer = await database.command({"find": "kept"})
            await database.close()
            assert answer["cursor"]["firstBatch"] == [{"_id": "one"}]
            assert await first(kafka, "facts") == b"one"


async def test_kept_data_needs_the_port_it_was_made_with(tmp_path: Path) -> None:
    async with Finder(folder=tmp_path) as finder:
        await finder.mongo()
    port = int((tmp_path / "mongo.port").read_text())
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with other, Finder(folder=tmp_path) as finder:
        with pytest.raises(ServerError, match=f"port {port}, which is taken"):
            await finder.mongo()


async def test_addresses_in_the_environment_win(
    mongo_uri: str, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKWAY_USE_MONGO", mongo_uri)
    monkeypatch.setenv("LINKWAY_USE_KAFKA", kafka_bootstrap)
    async with Finder(broker="apache") as finder:
        servers = await finder.servers()
        assert finder.processes.memory() == {}
    assert servers.mongo_uri == mongo_uri
    assert servers.kafka_bootstrap == kafka_bootstrap
    assert "(given by LINKWAY_USE_MONGO)" in servers.description
    assert "(given by LINKWAY_USE_KAFKA)" in servers.description


async def test_a_given_address_where_nothing_answers_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = free_port()
    monkeypatch.setenv("LINKWAY_USE_MONGO", f"mongodb://127.0.0.1:{closed}/")
    monkeypatch.setenv("LINKWAY_USE_KAFKA", f"127.0.0.1:{closed}")
    async with Finder() as finder:
        with pytest.raises(ServerError) as no_kafka:
            await finder.kafka()
        with pytest.raises(ServerError) as no_mongo:
            await finder.mongo()
    assert str(no_kafka.value) == "No Kafka answers at the address in LINKWAY_USE_KAFKA."
    assert str(no_mongo.value) == "No MongoDB answers at the address in LINKWAY_USE_MONGO."


async def test_what_was_started_ends_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINKWAY_CACHE", str(tmp_path))
    async with running_servers(broker="tansu") as servers:
        assert await kafka_answers(servers.kafka_bootstrap)
        assert [folder.name for folder in (tmp_path / "run").iterdir() if folder.is_dir()]
    assert not await kafka_answers(servers.kafka_bootstrap)
    assert not [folder.name for folder in (tmp_path / "run").iterdir() if folder.is_dir()]


def test_a_killed_runs_folder_goes_with_the_next_run_and_a_living_ones_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINKWAY_CACHE", str(tmp_path))
    dies = (
        "import os, signal\n"
        "from shared.servers.folders import run_folder\n"
        "with run_folder() as folder:\n"
        "    (folder / 'data').write_text('left')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", dies], check=False)
    (left,) = (folder for folder in (tmp_path / "run").iterdir() if folder.is_dir())
    with folders.run_folder() as living:
        assert not left.exists()
        with folders.run_folder():
            assert living.exists()


@pytest.mark.usefixtures("empty_path")
async def test_missing_java_is_named_in_one_sentence() -> None:
    async with Finder(broker="apache") as finder:
        with pytest.raises(ServerError) as missing:
            await finder.kafka()
    assert str(missing.value) == JAVA_MISSING


@pytest.mark.usefixtures("empty_path")
async def test_without_java_tansu_is_started() -> None:
    async with Finder() as finder:
        assert (await finder.kafka()).description.startswith("Tansu ")


@pytest.mark.usefixtures("empty_path")
async def test_a_missing_mongod_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    async with Finder() as finder:
        with pytest.raises(ServerError) as missing:
            await finder.mongo()
    assert str(missing.value) == (
        "There is no MongoDB to start here: install linkway[local] (Linux x86-64), put mongod "
        "on the PATH, start Docker, or give an address in LINKWAY_USE_MONGO."
    )


async def test_a_docker_engine_that_does_not_answer_is_none() -> None:
    assert await docker.engine_answers() is False


def test_whoever_asks_a_runs_keeper_gets_the_same_server() -> None:
    keeper = Keeper(broker="tansu", say=lambda _: None)
    keeper.start()
    assert keeper.description == ""
    try:
        with ThreadPoolExecutor() as workers:
            found = list(workers.map(ask_kafka, [keeper.port] * 4))
        assert len(set(found)) == 1
        assert keeper.description == found[0].description
    finally:
        keeper.stop()
    assert asyncio.run(kafka_answers(found[0].bootstrap)) is False


def test_a_keeper_that_finds_none_says_why_to_each_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LINKWAY_USE_KAFKA", f"127.0.0.1:{free_port()}")
    keeper = Keeper(broker=None, say=lambda _: None)
    keeper.start()
    try:
        for _ in range(2):
            with pytest.raises(ServerError, match="No Kafka answers at the address"):
                ask_kafka(keeper.port)
    finally:
        keeper.stop()
    assert keeper.description == "kafka was not found"
