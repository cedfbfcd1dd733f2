"""Apache Kafka in KRaft mode, one node: broker and controller in one process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from shared.servers import maven
from shared.servers.kafka import Kafka, kafka_answers
from shared.servers.ports import kept_port, listens
from shared.servers.processes import Supervisor

NAME = "kafka"
_CLUSTER_ID = "bGlua3dheS1sb2NhbC0wMA"
"""Any 16 bytes in base64url do."""


def configuration(listener: str, controller: str, advertised: str, data: str) -> Mapping[str, str]:
    """Broker settings for one node, each ``host:port`` as Kafka writes them.

    Topics are never made by using them; internal topics and caches are small; a group's
    first member need not wait for others; a broker that was killed is taken back after
    3 seconds instead of 9.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": f"PLAINTEXT://{listener},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertised}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "log.cleaner.dedupe.buffer.size": str(4 * 1024**2),
        "log.index.size.max.bytes": str(64 * 1024),
    }


async def local_apache(
    processes: Supervisor,
    folder: Path,
    *,
    kept: bool,
    say: maven.Say = maven.to_stderr,
    host: str = "127.0.0.1",
) -> Kafka:
    """Start it on ``host``, its data in ``folder``/kafka, fetched first where it is not cached.

    ``kept`` data is closed properly at the end; data about to be removed need not be.
    ServerError where Java is missing or the download fails.
    """
    java = await maven.java()
    libraries = await maven.kafka_libraries(processes, say)
    port, controller_port = kept_port(folder / "kafka.port"), kept_port(folder / "controller.port")
    bootstrap, controller = f"{host}:{port}", f"127.0.0.1:{controller_port}"
    settings = {
        **configuration(bootstrap, controller, bootstrap, str(folder / "kafka")),
        "controller.quorum.bootstrap.servers": controller,
    }
    properties = folder / "kafka.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    run = [
        java.program,
        # Less to compile and less memory: it starts sooner, and shares two cores with a test run.
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        f"--class-path={libraries}/*",
    ]
    if not (folder / "kafka" / "meta.properties").exists():
        await processes.run(
            "kafka-format",
            [
                *run,
                "-Xmx128m",
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                f"--cluster-id={_CLUSTER_ID}",
                f"--config={properties}",
            ],
        )
    await processes.start(
        NAME,
        [*run, "-Xmx512m", "kafka.Kafka", str(properties)],
        grace=30.0 if kept else 0.0,
    )
    await processes.wait_until(NAME, partial(listens, port, host), within=120.0)
    await processes.wait_until(NAME, partial(kafka_answers, bootstrap))
    where = f"local, Java {java.version}"
    return Kafka(bootstrap, True, f"Apache Kafka {maven.KAFKA_VERSION} ({where})")
