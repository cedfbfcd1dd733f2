"""Apache Kafka as composed, on this machine: the same settings, at free ports, and with TLS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.servers import Supervisor, maven
from shared.servers.ports import free_port, listens
from tests.deploy.certificates import Authority
from tests.deploy.compose import containers

ADMIN = "the-administrators-own"
_MEMORY = {
    "log.cleaner.dedupe.buffer.size": str(4 * 1024**2),
    "offsets.topic.num.partitions": "4",
}


@dataclass(frozen=True)
class GuardedKafka:
    """Where each listener is: as composed, with TLS and a password, with certificates alone."""

    inside: str
    tls: str
    by_certificate: str
    authority: Authority


async def start_guarded(processes: Supervisor, folder: Path) -> GuardedKafka:
    """Kafka with compose's environment; the administrator's password is ADMIN."""
    authority = Authority(folder / "certificates")
    java = await maven.java()
    libraries = await maven.kafka_libraries(processes, lambda _: None)
    ports = {name: free_port() for name in ("INSIDE", "OUTSIDE", "CONTROLLER", "TLS", "CERT")}
    at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    composed = containers({"LINKWAY_KAFKA_ADMIN_PASSWORD": ADMIN})["kafka"]["environment"]
    settings = properties(composed) | _MEMORY
    settings |= {
        "listeners": ",".join(f"{name}://{address}" for name, address in at.items()),
        "advertised.listeners": ",".join(
            f"{name}://{address}" for name, address in at.items() if name != "CONTROLLER"
        ),
        "listener.security.protocol.map": settings["listener.security.protocol.map"]
        + ",TLS:SASL_SSL,CERT:SSL",
        "controller.quorum.voters": f"1@{at['CONTROLLER']}",
        "log.dirs": str(folder / "data"),
        "listener.name.tls.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.tls.scram-sha-512.sasl.jaas.config": settings[
            "listener.name.inside.scram-sha-512.sasl.jaas.config"
        ],
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.sign("broker", "127.0.0.1")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "listener.name.cert.ssl.client.auth": "required",
        "listener.name.cert.ssl.principal.mapping.rules": "RULE:^CN=([a-z]+)$/$1/",
    }
    file = folder / "server.properties"
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    run = [
        java.program,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"--class-path={libraries}/*",
    ]
    cluster = f"--cluster-id={composed['CLUSTER_ID']}"
    await processes.run(
        "format",
        [*run, "-Xmx128m", "kafka.tools.StorageTool", "format", cluster, f"--config={file}"],
    )
    await processes.start("kafka", [*run, "-Xmx512m", "kafka.Kafka", str(file)], grace=0.0)
    await processes.wait_until("kafka", partial(listens, ports["INSIDE"]), within=120.0)
    await processes.wait_until("kafka", partial(listens, ports["CERT"]), within=60.0)
    return GuardedKafka(at["INSIDE"], at["TLS"], at["CERT"], authority)


def properties(environment: Mapping[str, str]) -> dict[str, str]:
    """Kafka's settings from its image's environment (kafka.apache.org, Docker: "Using
    Environment Variables"): `_` stands for a dot, `__` for an underscore, `___` for a hyphen.
    """
    return {
        name.removeprefix("KAFKA_")
        .lower()
        .replace("___", "-")
        .replace("__", "\0")
        .replace("_", ".")
        .replace("\0", "_"): value
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }
