"""Every container gets what its program reads, and reaches what it needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.servers import KAFKA_VERSION
from shared.settings import ServiceSettings
from shared.web.running import REQUEST_GRACE_SECONDS
from tests.deploy import dockerfile
from tests.deploy.compose import (
    FILE,
    ROOT,
    SERVICES,
    as_mounted,
    containers,
    linkway_names,
    load,
    published,
    seconds,
)

ALL = containers()
SETUP = (ROOT / "deploy/mongo/setup.js").read_text(encoding="utf-8")
USERS = json.loads((ROOT / "deploy/mongo/users.json").read_text(encoding="utf-8"))
ONE_SHOT = {"issuer", "kafka-setup", "mongo-setup"}

each_service = pytest.mark.parametrize("service", SERVICES)
each_container = pytest.mark.parametrize("name", sorted(ALL))


def settings_class(service: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = import_module(f"services.{service}.settings").Settings
    return found


def settings_of(service: str, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    """The service's settings, read from compose's environment and nothing else."""
    for name in linkway_names(os.environ):
        monkeypatch.delenv(name)
    for name, value in as_mounted(ALL[service]).items():
        monkeypatch.setenv(name, value)
    return settings_class(service).model_validate({})


def one_shot(container: dict[str, Any]) -> bool:
    return "restart" not in container


def test_every_service_has_its_container() -> None:
    assert SERVICES == ["directory", "notifications", "outcomes", "referral"]
    told = {name: one.get("environment", {}).get("LINKWAY_SERVICE") for name, one in ALL.items()}
    assert {name: service for name, service in told.items() if service} == {
        service: service for service in SERVICES
    }


@each_service
def test_a_services_environment_is_all_that_its_settings_ask_for(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(service, monkeypatch)
    assert settings.service == service
    assert settings.mongo_database == service
    assert not settings.is_production


@each_service
def test_a_service_gets_no_variable_that_nothing_reads(service: str) -> None:
    known = {f"LINKWAY_{field.upper()}" for field in settings_class(service).model_fields}
    assert linkway_names(ALL[service]["environment"]) - known == set()
    assert all(isinstance(value, str) for value in ALL[service]["environment"].values())


@each_service
def test_a_service_signs_in_as_the_one_user_that_setup_makes_for_it(service: str) -> None:
    assert sorted(USERS) == SERVICES
    assert USERS[service] == [
        {"role": "readWrite", "db": service},
        {"role": "append", "db": f"{service}-audit"},
    ]
    assert 'readFileSync("/deploy/users.json"' in SETUP
    uri = urlsplit(ALL[service]["environment"]["LINKWAY_MONGO_URI"])
    assert (uri.username, uri.hostname) == (service, "mongo")
    (replica_set,) = re.findall(r'rs\.initiate\({ _id: "(\w+)"', SETUP)
    assert parse_qs(uri.query) == {"authSource": [service], "replicaSet": [replica_set]}
    start = (ROOT / "deploy/mongo/start.sh").read_text(encoding="utf-8")
    assert f"--replSet {replica_set} " in start


@each_service
def test_a_password_given_reaches_its_service_and_the_database_and_no_one_else(
    service: str,
) -> None:
    variable = f"LINKWAY_{service.upper()}_PASSWORD"
    given = containers({variable: "a-secret"})
    told = {name for name, container in given.items() if "a-secret" in str(container)}
    assert told == {service, "mongo-setup"}
    assert given["mongo-setup"]["environment"][variable] == "a-secret"
    uri = given[service]["environment"]["LINKWAY_MONGO_URI"]
    assert urlsplit(uri).password == "a-secret"


@each_service
def test_a_kafka_password_given_reaches_its_service_and_the_setup_and_no_one_else(
    service: str,
) -> None:
    given = containers({f"LINKWAY_{service.upper()}_KAFKA_PASSWORD": "a-secret"})
    told = {name for name, container in given.items() if "a-secret" in str(container)}
    assert told == {service, "kafka-setup"}
    environment = given[service]["environment"]
    assert (environment["LINKWAY_KAFKA_USERNAME"], environment["LINKWAY_KAFKA_PASSWORD"]) == (
        service,
        "a-secret",
    )


def test_the_administrator_of_kafka_is_known_to_kafka_and_its_setup_alone() -> None:
    given = containers({"LINKWAY_KAFKA_ADMIN_PASSWORD": "a-secret"})
    told = {name for name, container in given.items() if "a-secret" in str(container)}
    assert told == {"kafka", "kafka-setup"}
    assert given["kafka"]["environment"]["KAFKA_SUPER_USERS"] == "User:admin"
    assert given["kafka-setup"]["environment"]["LINKWAY_KAFKA_USERNAME"] == "admin"


def test_the_database_and_its_setup_share_the_root_password() -> None:
    given = containers({"LINKWAY_ROOT_PASSWORD": "a-secret"})
    assert given["mongo"]["environment"]["MONGO_INITDB_ROOT_PASSWORD"] == "a-secret"
    assert given["mongo-setup"]["environment"]["LINKWAY_ROOT_PASSWORD"] == "a-secret"
    read = set(re.findall(r"process\.env\.(\w+)", SETUP))
    assert read == {"LINKWAY_ROOT_PASSWORD"}


def test_ports_are_open_to_this_machine_only_and_each_is_used_once() -> None:
    ports = [port for container in ALL.values() for port in published(container)]
    assert {host for host, _, _ in ports} == {"127.0.0.1"}
    outside = [port for _, port, _ in ports]
    assert len(outside) == len(set(outside))


@each_service
def test_a_service_is_asked_and_published_at_the_port_it_listens_at(service: str) -> None:
    port = dockerfile.listening_port()
    assert [inside for _, _, inside in published(ALL[service])] == [port]
    assert f"http://127.0.0.1:{port}/ready" in " ".join(ALL[service]["healthcheck"]["test"])


@each_service
def test_a_service_waits_until_what_it_needs_is_there(service: str) -> None:
    awaited = {name: how["condition"] for name, how in ALL[service]["depends_on"].items()}
    assert (
        awaited.items()
        >= {
            "kafka": "service_healthy",
            "kafka-setup": "service_completed_successfully",
            "mongo": "service_healthy",
            "mongo-setup": "service_completed_successfully",
            "issuer": "service_completed_successfully",
        }.items()
    )


@each_container
def test_what_is_awaited_can_come_about(name: str) -> None:
    for other, how in ALL[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert ALL[other]["healthcheck"]["test"]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert one_shot(ALL[other])


def test_only_what_ends_by_itself_is_not_started_again() -> None:
    assert {name for name in ALL if one_shot(ALL[name])} == ONE_SHOT


@each_service
def test_a_service_has_longer_to_stop_than_it_can_take(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain = settings_of(service, monkeypatch).graceful_seconds
    assert seconds(ALL[service]["stop_grace_period"]) > drain + REQUEST_GRACE_SECONDS


@each_container
def test_what_is_mounted_exists(name: str) -> None:
    for volume in ALL[name].get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert volume.endswith(":ro")
        else:
            assert source in load()["volumes"]


@each_container
def test_an_image_is_named_with_its_version(name: str) -> None:
    tag = ALL[name]["image"].partition(":")[2]
    assert tag
    assert tag != "latest"


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    assert ALL["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_one_container_builds_the_image_and_none_looks_for_it_in_a_registry() -> None:
    own = {name: one for name, one in ALL.items() if one["image"] == "linkway:local"}
    assert set(own) == {*SERVICES, "issuer", "kafka-setup"}
    assert {name for name in own if "build" in own[name]} == {"issuer"}
    assert {name: own[name]["pull_policy"] for name in own} == {
        "issuer": "build",
        **dict.fromkeys([*SERVICES, "kafka-setup"], "never"),
    }
    build = own["issuer"]["build"]
    assert (ROOT / build["context"] / build["dockerfile"]).samefile(dockerfile.FILE)


@pytest.mark.parametrize("name", [*SERVICES, "issuer", "kafka-setup"])
def test_linkways_own_containers_run_as_no_one_and_change_nothing(name: str) -> None:
    assert ALL[name]["user"] == dockerfile.user() == "10001:10001"
    assert ALL[name]["read_only"] is True
    assert ALL[name]["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
    assert "privileged" not in ALL[name]


@each_container
def test_no_container_can_gain_rights(name: str) -> None:
    assert ALL[name]["cap_drop"] == ["ALL"]
    assert ALL[name]["security_opt"] == ["no-new-privileges:true"]


def test_only_the_issuer_writes_where_the_services_read_its_keys() -> None:
    assert ALL["issuer"]["volumes"] == ["issuer:/issuer"]
    assert ALL["issuer"]["command"][-2:] == ["--folder", "/issuer"]
    for service in SERVICES:
        assert ALL[service]["volumes"] == [
            "issuer:/issuer:ro",
            "./deploy/identity:/identity:ro",
            "daybook:/daybook",
        ]
        assert ALL[service]["environment"]["LINKWAY_JWKS"] == "/issuer/jwks.json"


def test_mail_goes_to_mailpit_and_its_links_open_outside_the_containers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = settings_of("notifications", monkeypatch).model_dump()
    assert (told["smtp_host"], told["smtp_port"]) == ("mailpit", 1025)
    for service in ("referral", "directory", "outcomes"):
        ((host, port, _),) = published(ALL[service])
        assert told[f"{service}_base_url"] == f"http://{host}:{port}"


def test_kafka_is_reached_inside_and_outside_at_addresses_it_tells() -> None:
    environment = ALL["kafka"]["environment"]
    told = dict(at.split("://") for at in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    open_at = dict(at.split("://:") for at in environment["KAFKA_LISTENERS"].split(","))
    assert {ALL[name]["environment"]["LINKWAY_KAFKA_BOOTSTRAP"] for name in SERVICES} == {
        told["INSIDE"]
    }
    assert told["INSIDE"] == f"kafka:{open_at['INSIDE']}"
    ((host, outside, inside),) = published(ALL["kafka"])
    assert told["OUTSIDE"] == f"{host}:{outside}"
    assert open_at["OUTSIDE"] == str(inside)
    assert environment["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@kafka:{open_at['CONTROLLER']}"
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert environment["KAFKA_LOG_DIRS"] in ALL["kafka"]["volumes"][0]


def test_docker_compose_takes_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("there is no docker client here")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("the docker client here has no compose")
    checked = subprocess.run(
        [docker, "compose", "--file", FILE, "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
