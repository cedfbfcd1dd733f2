"""Java, and Apache Kafka's libraries from Maven Central."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import AsyncFileLock

from shared.servers.errors import ServerError
from shared.servers.folders import cache_folder
from shared.servers.kafka import KAFKA_VARIABLE
from shared.servers.processes import Supervisor

KAFKA_VERSION = "4.3.1"
"""Which Apache Kafka runs: from Maven Central and, as ``apache/kafka``, in Docker."""

_JAVA_NEEDED = 17  # kafka.apache.org, "Compatibility": brokers of 4.x need Java 17
_FETCH_SECONDS = 900.0
_TELL_SECONDS = 5.0
_WAYS_OUT = f"or start Docker, or give an address in {KAFKA_VARIABLE}"

_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.linkway</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

Say = Callable[[str], None]
"""Tells a person who waits what is going on, a line at a time."""


def to_stderr(line: str) -> None:
    """The plainest Say."""
    sys.stderr.write(f"{line}\n")


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run Kafka."""

    program: str
    version: str


async def java() -> Java:
    """``$JAVA_HOME``'s Java or the one on the PATH; ServerError where it is missing or too old."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    needed = f"Apache Kafka needs Java {_JAVA_NEEDED} or newer"
    if program is None:
        raise ServerError(f"{needed}, which is not on the PATH: install it, {_WAYS_OUT}.")
    asked = await asyncio.create_subprocess_exec(
        program,
        "-version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    answer, _ = await asked.communicate()
    found = re.search(r'version "((\d+)[^"]*)"', answer.decode(errors="replace"))
    if found is None or int(found[2]) < _JAVA_NEEDED:
        version = found[1] if found else "of an unknown version"
        raise ServerError(f"{needed}, and Java here is {version}: install it, {_WAYS_OUT}.")
    return Java(program, found[1])


async def can_run_kafka() -> bool:
    """Whether Apache Kafka starts here: Java, and its libraries or Maven to fetch them."""
    try:
        await java()
    except ServerError:
        return False
    return _libraries().is_dir() or shutil.which("mvn") is not None


def _libraries() -> Path:
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


async def kafka_libraries(processes: Supervisor, say: Say) -> Path:
    """The folder of Kafka's jars, fetched once, whoever asks at the same time.

    The folder appears whole or not at all. ServerError where Maven is missing or fails.
    """
    libraries = _libraries()
    if libraries.is_dir():
        return libraries
    libraries.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(f"{libraries}.lock"):
        if not libraries.is_dir():
            with tempfile.TemporaryDirectory(dir=libraries.parent) as unfinished:
                await _fetch(Path(unfinished), processes, say)
                (Path(unfinished) / "jars").rename(libraries)
    return libraries


async def _fetch(folder: Path, processes: Supervisor, say: Say) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServerError(
            f"Fetching Apache Kafka needs Maven, which is not on the PATH: install it, {_WAYS_OUT}."
        )
    pom, jars = folder / "pom.xml", folder / "jars"
    pom.write_text(_POM)
    say(f"Fetching Apache Kafka {KAFKA_VERSION} from Maven Central, about 45 MB, this once …")
    telling = asyncio.create_task(_tell(say))
    try:
        await processes.run(
            "maven",
            [
                maven,
                "--batch-mode",
                "--quiet",
                "--strict-checksums",
                f"--file={pom}",
                "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={jars}",
            ],
            within=_FETCH_SECONDS,
        )
    except ServerError as error:
        raise ServerError(
            f"Apache Kafka could not be fetched from Maven Central: check the connection, "
            f"{_WAYS_OUT}. {error}"
        ) from error
    finally:
        telling.cancel()


async def _tell(say: Say) -> None:
    started = asyncio.get_running_loop().time()
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        seconds = asyncio.get_running_loop().time() - started
        say(f"  still fetching Apache Kafka after {seconds:.0f} s")
