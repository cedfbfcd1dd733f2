"""Each service may do in Kafka what it must and nothing else: on a real Kafka, as composed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from services.console.kafka.rules import read_access
from shared.bus import (
    AUDIT_ANCHORS,
    DEAD_LETTERS,
    Consumer,
    Publisher,
    connection_options,
    ensure_topics,
)
from shared.errors import Unavailable
from shared.events import ALL_EVENTS
from shared.servers import Supervisor
from shared.servers.maven import can_run_kafka
from shared.settings import ServiceSettings
from shared.testing import eventually
from tests.deploy.compose import ROOT, SERVICES, containers
from tests.deploy.guarded_kafka import ADMIN, GuardedKafka, start_guarded
from tests.shared.bus.harness import Applied, Sent, consuming, envelope, listening

TABLE = ROOT / "deploy/kafka/access.toml"
PASSWORDS = {f"LINKWAY_{name.upper()}_KAFKA_PASSWORD": f"{name}-own" for name in SERVICES}

# One broker for all of these tests, on one worker and one event loop.
pytestmark = [pytest.mark.xdist_group("guarded-kafka"), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kafka_as_composed(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[GuardedKafka]:
    """Kafka after the container that sets it up has run."""
    if not await can_run_kafka():
        pytest.skip("Apache Kafka needs Java 17 and Maven")
    folder = tmp_path_factory.mktemp("guarded")
    async with Supervisor(folder / "logs") as processes:
        started = await start_guarded(processes, folder)
        looked = await set_up(started, "--dry-run")
        made = await set_up(started)
        assert looked == {**made, "dry_run": True}
        assert made["topics_created"] == [
            "directory-events",
            "notification-events",
            "outcome-events",
            "referral-events",
            "audit-anchors",
            "dead-letters",
        ]
        assert made["passwords_set"] == ["directory", "notifications", "outcomes", "referral"]
        assert (len(made["rules_added"]), made["rules_removed"]) == (54, [])
        yield started


async def set_up(
    kafka: GuardedKafka, *options: str, access: Path = TABLE, password: str = ADMIN
) -> dict[str, Any]:
    """Run compose's kafka-setup, its passwords as files; gives what it printed."""
    composed = containers({**PASSWORDS, "LINKWAY_KAFKA_ADMIN_PASSWORD": password})["kafka-setup"]
    environment = {**composed["environment"], "LINKWAY_KAFKA_BOOTSTRAP": kafka.inside}
    for name in [name for name in environment if name.endswith("_PASSWORD")]:
        file = access.parent if access != TABLE else kafka.authority.file.parent
        (file / name).write_text(environment.pop(name) + "\n")
        environment[f"{name}_FILE"] = str(file / name)
    command = composed["command"][1:-1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        str(access),
        "--json",
        *options,
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert ADMIN not in (out + error).decode()
    if process.returncode:
        return {"status": process.returncode, "said": error.decode()}
    printed: dict[str, Any] = json.loads(out)
    return printed


def as_composed(kafka: GuardedKafka, service: str) -> dict[str, Any]:
    return {
        "kafka_bootstrap": kafka.inside,
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_username": service,
        "kafka_password": f"{service}-own",
    }


def with_tls(kafka: GuardedKafka, service: str) -> dict[str, Any]:
    return as_composed(kafka, service) | {
        "kafka_bootstrap": kafka.tls,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_ca_file": str(kafka.authority.file),
    }


def by_certificate(kafka: GuardedKafka, service: str) -> dict[str, Any]:
    return {
        "kafka_bootstrap": kafka.by_certificate,
        "kafka_security_protocol": "SSL",
        "kafka_ca_file": str(kafka.authority.file),
        "kafka_certificate_file": str(kafka.authority.sign(service)),
    }


def settings(service: str, reaching: Mapping[str, Any], **more: Any) -> ServiceSettings:
    return ServiceSettings(
        service=service,
        mongo_uri="mongodb://127.0.0.1:1",
        jwks="unused.json",
        issuer="https://issuer.example.org",
        graceful_seconds=5.0,
        kafka_create_topics=False,
        **{**reaching, **more},
    )


async def publish(own: ServiceSettings, topic: str, *records: Sent) -> None:
    """As the service's relay does; raises what Kafka answers."""
    publisher = Publisher(own)
    await publisher.connect()
    try:
        for record in records:
            headers = {name: value.decode() for name, value in record.headers}
            await (await publisher.send(topic, key=record.key, value=record.value, headers=headers))
    finally:
        await publisher.close(0.0)


async def test_the_table_is_what_the_services_publish_and_consume() -> None:
    table = read_access(TABLE)
    assert sorted(table) == SERVICES
    for service, access in table.items():
        module = import_module(f"services.{service}.consumers")
        heard = {
            topic
            for each in vars(module).values()
            if isinstance(each, Consumer)
            for topic in each.topics
        }
        own = {"outcomes": "outcome", "notifications": "notification"}.get(service, service)
        assert set(access.writes) == {f"{own}-events", AUDIT_ANCHORS, DEAD_LETTERS}
        assert set(access.reads) == {*heard, DEAD_LETTERS}
    written = {topic for access in table.values() for topic in access.writes}
    assert {event.topic for event in ALL_EVENTS} < written


async def test_setting_up_again_changes_nothing_and_takes_away_what_the_table_lost(
    kafka_as_composed: GuardedKafka, tmp_path: Path
) -> None:
    again = await set_up(kafka_as_composed)
    assert (again["topics_created"], again["rules_added"], again["rules_removed"]) == ([], [], [])
    wider = tmp_path / "wider.toml"
    wider.write_text(
        TABLE.read_text().replace('writes = ["dir', 'writes = ["outcome-events", "dir')
    )
    added = [
        "directory: describe_configs topic outcome-events",
        "directory: write topic outcome-events",
    ]
    assert sorted((await set_up(kafka_as_composed, access=wider))["rules_added"]) == added
    assert sorted((await set_up(kafka_as_composed))["rules_removed"]) == added


@pytest.mark.parametrize("reaching", [as_composed, with_tls, by_certificate])
async def test_a_service_publishes_consumes_and_sets_aside_with_its_own_rights_alone(
    kafka_as_composed: GuardedKafka, reaching: Any
) -> None:
    referral = settings("referral", reaching(kafka_as_composed, "referral"))
    outcomes = settings("outcomes", reaching(kafka_as_composed, "outcomes"))
    case = f"case-{reaching.__name__}"
    good, bad = Sent.of(envelope(case)), Sent.of(envelope(case, seq=2)).with_value(b"not JSON")
    applied = Applied()
    async with consuming(listening(), applied, outcomes, publishes=["outcome-events"]):
        await publish(referral, "referral-events", good, bad)
        await publish(outcomes, "outcome-events", good)
        await eventually(lambda: (case, 1) in applied.events, within=30)
        reader = AIOKafkaConsumer(
            DEAD_LETTERS,
            **connection_options(outcomes),
            group_id="outcomes-look",
            auto_offset_reset="earliest",
        )
        await reader.start()
        try:
            async with asyncio.timeout(30):
                while True:
                    letter = await reader.getone()
                    if letter.key == case.encode():
                        break
        finally:
            await reader.stop()
    assert letter.value == b"not JSON"
    assert dict(letter.headers)["dl_group"] == b"outcomes"


async def test_another_services_topic_is_not_to_be_written(
    kafka_as_composed: GuardedKafka,
) -> None:
    outcomes = settings("outcomes", as_composed(kafka_as_composed, "outcomes"))
    record = Sent.of(envelope("case-forged"))
    with pytest.raises(TopicAuthorizationFailedError):
        await publish(outcomes, "referral-events", record)
    directory = settings("directory", as_composed(kafka_as_composed, "directory"))
    # It has no part in this topic at all, so it does not even learn that there is one.
    with pytest.raises(TopicAuthorizationFailedError):
        await publish(directory, "outcome-events", record)


@pytest.mark.parametrize(
    ("topic", "group", "refused"),
    [
        ("notification-events", "outcomes", TopicAuthorizationFailedError),
        ("referral-events", "directory", GroupAuthorizationFailedError),
    ],
)
async def test_another_services_topic_and_group_are_not_to_be_read(
    kafka_as_composed: GuardedKafka, topic: str, group: str, refused: type[Exception]
) -> None:
    outcomes = settings("outcomes", as_composed(kafka_as_composed, "outcomes"))
    options = connection_options(outcomes)
    consumer = AIOKafkaConsumer(topic, **options, group_id=group, auto_offset_reset="earliest")

    async def read() -> None:
        await consumer.start()
        await consumer.getone()

    try:
        with pytest.raises(refused):
            await asyncio.wait_for(read(), 30)
    finally:
        await consumer.stop()


async def test_a_service_sees_its_own_topics_and_makes_none(
    kafka_as_composed: GuardedKafka,
) -> None:
    options = connection_options(settings("directory", as_composed(kafka_as_composed, "directory")))
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        seen = set(await admin.list_topics())
        assert seen == {
            "directory-events",
            "referral-events",
            "audit-anchors",
            "dead-letters",
        }
        answer = await admin.create_topics([NewTopic("referral-events-2", 1, 1)])
        ((_, code, *_),) = answer.topic_errors
        assert code == TopicAuthorizationFailedError.errno
    finally:
        await admin.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kafka_password": "guessed"},
        {"kafka_username": "nobody"},
        {"kafka_security_protocol": "PLAINTEXT"},
    ],
    ids=["password", "user", "unnamed"],
)
async def test_who_cannot_prove_who_they_are_is_not_let_in(
    kafka_as_composed: GuardedKafka, wrong: dict[str, str]
) -> None:
    known = as_composed(kafka_as_composed, "outcomes")
    with pytest.raises(Unavailable):
        await ensure_topics(settings("outcomes", known | wrong), ["referral-events"])
    await ensure_topics(settings("outcomes", known), ["referral-events"])


async def test_a_broker_of_another_authority_or_name_is_not_believed(
    kafka_as_composed: GuardedKafka,
) -> None:
    known = with_tls(kafka_as_composed, "outcomes")
    await ensure_topics(settings("outcomes", known), ["referral-events"])
    other_name = kafka_as_composed.tls.replace("127.0.0.1", "localhost")
    for wrong in ({"kafka_ca_file": None}, {"kafka_bootstrap": other_name}):
        with pytest.raises(Unavailable):
            await ensure_topics(settings("outcomes", known | wrong), ["referral-events"])


async def test_a_certificate_is_asked_for_where_it_counts(
    kafka_as_composed: GuardedKafka,
) -> None:
    without = by_certificate(kafka_as_composed, "outcomes") | {"kafka_certificate_file": None}
    with pytest.raises(Unavailable):
        await ensure_topics(settings("outcomes", without), ["referral-events"])


async def test_a_setup_that_is_refused_says_so_and_shows_no_password(
    kafka_as_composed: GuardedKafka, tmp_path: Path
) -> None:
    (tmp_path / "access.toml").write_text(TABLE.read_text())
    refused = await set_up(kafka_as_composed, access=tmp_path / "access.toml", password="guessed")
    assert refused["status"] == 1
    assert "Kafka does not answer, or refuses: " in refused["said"]
    assert "guessed" not in refused["said"]
    unknown = tmp_path / "unknown.toml"
    unknown.write_text('[referral]\nwrites = ["letters"]\nreads = []\n')
    wrong = await set_up(kafka_as_composed, access=unknown)
    assert wrong["status"] == 2
    assert "referral: there is no topic letters; there are directory-events" in wrong["said"]
