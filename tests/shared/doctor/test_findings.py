"""What each thing that is wrong is called, and what is said to be done about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.doctor import machine, mongodb
from shared.settings import ServiceSettings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def settings(**more: Any) -> ServiceSettings:
    given: dict[str, Any] = {
        "service": "outcomes",
        "mongo_uri": "mongodb://user:secret@127.0.0.1:1/?replicaSet=rs0&tls=true",
        "kafka_bootstrap": "127.0.0.1:1",
        "kafka_security_protocol": "SASL_SSL",
        "kafka_username": "outcomes",
        "kafka_password": "secret",
        "jwks": "jwks.json",
        "issuer": "https://issuer.example.org",
        **more,
    }
    return ServiceSettings(**given)


@pytest.mark.parametrize(
    ("version", "level"),
    [("5.0.26", "fail"), ("6.0.5", "ok"), ("8.0.4", "ok"), ("9.0.0", "warn")],
)
def test_versions_of_mongodb(version: str, level: str) -> None:
    assert mongodb._version(version).level == level


def test_a_standalone_server_fails_and_a_lone_member_is_for_demonstrations() -> None:
    found = mongodb._replica_set({}, settings())
    assert (found.level, found.do) == (
        "fail",
        "start mongod with --replSet and run rs.initiate()",
    )
    lone = {"setName": "rs0", "hosts": ["a:1"]}
    assert mongodb._replica_set(lone, settings()).level == "warn"
    assert mongodb._replica_set(lone, settings(env="production")).level == "fail"
    three = {"setName": "rs0", "hosts": ["a:1", "b:1", "c:1"]}
    assert mongodb._replica_set(three, settings()).said == "rs0, 3 members"


@pytest.mark.parametrize(("seconds", "level"), [(0.4, "ok"), (-2.0, "warn"), (6.0, "fail")])
def test_clocks_that_differ(seconds: float, level: str) -> None:
    hello = {"localTime": NOW + timedelta(seconds=seconds)}
    assert mongodb._clock(hello, NOW).level == level


def test_a_daybook_is_where_the_service_may_write_and_its_pages_can_be_read(tmp_path: Path) -> None:
    assert machine._daybook(None).said == "none: readings wait for the database"
    missing = machine._daybook(tmp_path / "none")
    assert (missing.level, "LINKWAY_AUDIT_DAYBOOK" in (missing.do or "")) == ("fail", True)
    assert machine._daybook(tmp_path).level == "ok"
    (tmp_path / "referral-1.unreadable").write_text("")
    damaged = machine._daybook(tmp_path)
    assert (damaged.level, damaged.said) == ("warn", f"1 damaged pages in {tmp_path}")


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 15), "warn")]
)
def test_versions_of_python(version: tuple[int, int], level: str) -> None:
    assert machine._python(version).level == level


def test_what_suits_a_demonstration_fails_in_production() -> None:
    loose = {
        "mongo_uri": "mongodb://127.0.0.1:1",
        "kafka_security_protocol": "PLAINTEXT",
        "kafka_idempotence": False,
    }
    found = [(each.level, each.said) for each in machine._settings(settings(**loose))]
    assert [level for level, _ in found] == ["warn", "warn", "warn", "warn", "warn"]
    strict = machine._settings(settings(env="production"))
    assert [(each.level, each.said) for each in strict] == [("ok", "fit for production")]


def test_plaintext_that_was_accepted_in_production_is_warned_of() -> None:
    meshed = settings(
        env="production",
        allow_plaintext=True,
        kafka_security_protocol="SASL_PLAINTEXT",
        mongo_uri="mongodb://user:secret@127.0.0.1:1",
    )
    found = list(machine._settings(meshed))
    assert [each.level for each in found] == ["warn", "warn"]
    assert [each.said for each in found] == [
        "Kafka is spoken to without encryption, as LINKWAY_ALLOW_PLAINTEXT accepts",
        "MongoDB is spoken to without encryption, as LINKWAY_ALLOW_PLAINTEXT accepts",
    ]


def test_no_finding_tells_a_secret() -> None:
    for each in machine._settings(settings(env="development")):
        assert "secret" not in each.model_dump_json()
