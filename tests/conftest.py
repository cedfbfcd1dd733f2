"""Servers, databases and tokens for all tests; real ones, shared by all workers of a run.

``LINKWAY_TEST_BROKER=apache|tansu`` insists on a broker. See ``shared.servers`` for how
servers are found, and ``shared.servers.keeper`` for how one run shares them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.devissuer import DevIssuer
from shared.ids import new_id
from shared.servers import Broker, Kafka, Keeper, ask_kafka, ask_mongo
from shared.store import Database

_keeper = pytest.StashKey[Keeper]()
_port = pytest.StashKey[int]()

ServiceEnv = Callable[[str], dict[str, str]]


def pytest_configure(config: pytest.Config) -> None:
    # Started in the background of a script, a run is deaf to Ctrl-C, and its children with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        config.stash[_port] = config.workerinput["linkway_keeper"]
        return
    keeper = Keeper(
        broker=_wanted_broker(), say=lambda line: config.get_terminal_writer().line(line)
    )
    keeper.start()
    config.stash[_keeper] = keeper
    config.stash[_port] = keeper.port


def _wanted_broker() -> Broker | None:
    match os.environ.get("LINKWAY_TEST_BROKER"):
        case "apache":
            return "apache"
        case "tansu":
            return "tansu"
        case None | "":
            return None
    raise pytest.UsageError("LINKWAY_TEST_BROKER is apache, tansu or not set.")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: called in the run's first process for each worker."""
    node.workerinput["linkway_keeper"] = node.config.stash[_port]


def pytest_unconfigure(config: pytest.Config) -> None:
    if keeper := config.stash.get(_keeper, None):
        keeper.stop()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if keeper := config.stash.get(_keeper, None):
        terminalreporter.write_line(f"servers: {keeper.description or 'none were needed'}")
    for reports in terminalreporter.stats.values():
        for name, value in (
            p
            for each in reports
            if getattr(each, "when", "") == "call"
            for p in each.user_properties
        ):
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def mongo_uri(pytestconfig: pytest.Config) -> str:
    return ask_mongo(pytestconfig.stash[_port]).uri


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Kafka:
    return ask_kafka(pytestconfig.stash[_port])


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka: Kafka) -> str:
    return kafka.bootstrap


@pytest.fixture(scope="session")
def kafka_is_tansu(kafka: Kafka) -> bool:
    """Whether the broker has Tansu's one lack: no idempotent producers."""
    return not kafka.idempotent


@pytest.fixture
async def database(mongo_uri: str) -> AsyncIterator[Database]:
    """A database of this test's own, deleted afterwards."""
    own = Database.connect(mongo_uri, f"test-{new_id()[-12:]}")
    yield own
    await own.drop()
    await own.close()


@pytest.fixture
async def topic_prefix(kafka_bootstrap: str) -> AsyncIterator[str]:
    """Put before every topic and group of a test, so that tests do not read each other's.

    The topics are deleted afterwards, which matters to a given broker.
    """
    prefix = f"test-{new_id()[-12:]}-"
    yield prefix
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    try:
        await admin.start()
        own = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        await admin.delete_topics(own)
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def issuer() -> DevIssuer:
    return DevIssuer()


@pytest.fixture
async def service_env(
    mongo_uri: str, kafka: Kafka, topic_prefix: str, issuer: DevIssuer, tmp_path: Path
) -> AsyncIterator[ServiceEnv]:
    """Gives the LINKWAY_* environment of a service by its name.

    All services of one test share a broker and a topic prefix, each has a database of
    its own; the databases are deleted afterwards.
    """
    jwks = issuer.write_jwks(tmp_path / "jwks.json")
    prefix = f"test-{new_id()[-12:]}"
    named: set[str] = set()

    def env(service: str) -> dict[str, str]:
        named.add(service)
        return {
            "LINKWAY_ENV": "development",
            "LINKWAY_MONGO_URI": mongo_uri,
            "LINKWAY_MONGO_DATABASE": f"{prefix}-{service}",
            "LINKWAY_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "LINKWAY_KAFKA_IDEMPOTENCE": str(kafka.idempotent).lower(),
            "LINKWAY_TOPIC_PREFIX": topic_prefix,
            "LINKWAY_TOPIC_PARTITIONS": "4",
            "LINKWAY_JWKS": str(jwks),
            "LINKWAY_ISSUER": issuer.issuer,
            "LINKWAY_AUDIENCE": issuer.audience,
        }

    yield env
    for service in named:
        own = Database.connect(mongo_uri, f"{prefix}-{service}")
        await own.drop()
        await own.close()
