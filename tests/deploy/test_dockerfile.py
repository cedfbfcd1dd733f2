"""The image, made without Docker by its own commands, holds all that its containers run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import httpx
import pytest

from shared.devissuer import DevIssuer
from shared.servers import Supervisor, free_port
from tests.conftest import ServiceEnv
from tests.deploy import dockerfile
from tests.deploy.compose import SERVICES, as_mounted, containers, seconds

# One worker makes the image, and all its tests.
pytestmark = pytest.mark.xdist_group("image")

ALL = containers()
LOCAL = {
    "LINKWAY_MONGO_URI",
    "LINKWAY_MONGO_DATABASE",
    "LINKWAY_KAFKA_BOOTSTRAP",
    "LINKWAY_KAFKA_SECURITY_PROTOCOL",
    "LINKWAY_KAFKA_CREATE_TOPICS",
    "LINKWAY_KAFKA_IDEMPOTENCE",
    "LINKWAY_TOPIC_PREFIX",
    "LINKWAY_TOPIC_PARTITIONS",
}
"""What a service is told otherwise than in compose: this machine's servers, shared by tests."""

LISTS = {
    "directory": "/services",
    "notifications": "/deliveries",
    "outcomes": "/plans",
    "referral": "/referrals",
}
"""Something to ask of each service that takes a token."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> dockerfile.Stage:
    """The image, after the container that must run before the services."""
    made = dockerfile.build(tmp_path_factory.mktemp("image"))
    made.run(" ".join(ALL["issuer"]["command"]))
    return made


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Supervisor]:
    async with Supervisor(tmp_path / "logs") as supervisor:
        yield supervisor


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def test_the_image_holds_the_services_and_what_they_share_and_nothing_else_of_ours(
    image: dockerfile.Stage,
) -> None:
    assert {path.name for path in image.at("/app").iterdir()} == {"services", "shared"}
    assert {path.name for path in image.root.iterdir()} == {"app", "daybook", "issuer", "opt"}
    assert {path.name for path in image.at("/opt").iterdir()} == {"linkway"}


def test_the_image_holds_what_the_lock_file_names_and_nothing_else(
    image: dockerfile.Stage,
) -> None:
    lock = (dockerfile.ROOT / "deploy/requirements.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    (packages,) = image.at("/opt/linkway/lib").glob("python3.*/site-packages")
    metadata = [path.name for path in packages.glob("*.dist-info")]
    installed = {re.sub(r"[-_.]+", "-", name.rsplit("-", 2)[0]).lower() for name in metadata}
    assert installed <= locked
    assert {"aiokafka", "fastapi", "motor", "uvicorn"} <= installed


@pytest.mark.parametrize("service", SERVICES)
async def test_a_container_is_ready_as_composed_and_stops_in_time(
    service: str,
    image: dockerfile.Stage,
    processes: Supervisor,
    service_env: ServiceEnv,
    tmp_path: Path,
) -> None:
    given = {
        **service_env(service),
        "LINKWAY_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
        "LINKWAY_KAFKA_CREATE_TOPICS": "true",
    }
    local = {name: value for name, value in given.items() if name in LOCAL}
    composed = {k: image.here(v) for k, v in as_mounted(ALL[service]).items()}
    environment = {**image.env, **composed, **local, "TMPDIR": str(tmp_path)}
    port = free_port()

    before = files(image.root)
    await processes.start(
        service,
        alone(environment, image.shell(at_port(image.command, port))),
        cwd=image.at("."),
        grace=seconds(ALL[service]["stop_grace_period"]),
    )
    await processes.wait_ready(service, f"http://127.0.0.1:{port}/ready")
    check = [at_port(word, port) for word in ALL[service]["healthcheck"]["test"][1:]]
    await processes.run("check", alone(environment, check))
    await knows_the_issuer(f"http://127.0.0.1:{port}{LISTS[service]}", image.at("/issuer"))
    await processes.stop(service)

    assert "Application shutdown complete." in processes.log(service).read_text()
    assert files(image.root) - before == set()


def alone(environment: Mapping[str, str], command: Sequence[str]) -> list[str]:
    """``command`` with this environment and no other."""
    return ["/usr/bin/env", "-i", *(f"{k}={v}" for k, v in environment.items()), *command]


def at_port(command: str, port: int) -> str:
    """Where a container's own port would be on an address of its own."""
    moved = command.replace(str(dockerfile.listening_port()), str(port))
    return re.sub(r"--host \S+", "--host 127.0.0.1", moved)


async def knows_the_issuer(url: str, folder: Path) -> None:
    """A token signed with the key that the issuer container keeps is one that counts."""
    token = DevIssuer(folder).issue(
        subject="operator", role="operations", organisation="icb", tenant="icb-demo"
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(url)).status_code == 401
        known = await http.get(url, headers={"Authorization": f"Bearer {token}"})
        assert known.status_code != 401


def test_the_build_context_is_what_the_image_needs() -> None:
    ignored = dockerfile.Ignore((dockerfile.ROOT / ".dockerignore").read_text())
    wanted = ["deploy/requirements.txt", "services/referral/app.py", "shared/events/plan.py"]
    assert [path for path in wanted if ignored(PurePosixPath(path))] == []
    kept_out = [".env", ".git/config", "tests/conftest.py", "shared/__pycache__/ids.pyc", "deploy"]
    assert [path for path in kept_out if not ignored(PurePosixPath(path))] == []
