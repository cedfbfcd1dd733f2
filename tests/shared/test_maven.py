from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from shared.servers import ServerError, Supervisor, maven


@pytest.fixture
def empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH of one empty folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def put_program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


async def test_a_java_too_old_is_named_with_its_version(empty_path: Path) -> None:
    put_program(empty_path, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    with pytest.raises(ServerError) as too_old:
        await maven.java()
    assert str(too_old.value) == (
        "Apache Kafka needs Java 17 or newer, and Java here is 11.0.2: install it, "
        "or start Docker, or give an address in LINKWAY_USE_KAFKA."
    )


@pytest.mark.usefixtures("empty_path")
async def test_missing_maven_is_named_where_nothing_is_cached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINKWAY_CACHE", str(tmp_path / "cache"))
    async with Supervisor(tmp_path / "logs") as processes:
        with pytest.raises(ServerError) as missing:
            await maven.kafka_libraries(processes, maven.to_stderr)
    assert str(missing.value) == (
        "Fetching Apache Kafka needs Maven, which is not on the PATH: install it, "
        "or start Docker, or give an address in LINKWAY_USE_KAFKA."
    )


async def test_a_failed_download_leaves_nothing_that_looks_finished(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("LINKWAY_CACHE", str(cache))
    put_program(empty_path, "mvn", "echo 'no route to host'; exit 1")
    async with Supervisor(tmp_path / "logs") as processes:
        with pytest.raises(ServerError, match=r"could not be fetched .* no route to host"):
            await maven.kafka_libraries(processes, lambda _: None)
    assert not [path for path in cache.iterdir() if path.is_dir()]


async def test_several_processes_at_once_fetch_once(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINKWAY_CACHE", str(tmp_path / "cache"))
    put_program(
        empty_path,
        "mvn",
        f"PATH=/usr/bin:/bin\necho fetched >> {tmp_path}/calls\nfor last; do :; done\n"
        'jars=${last#-DoutputDirectory=}\nmkdir "$jars"\nsleep 0.5\ntouch "$jars/kafka.jar"',
    )
    asks = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from shared.servers import Supervisor, maven\n"
        "async def main():\n"
        "    async with Supervisor(Path(sys.argv[1])) as processes:\n"
        "        libraries = await maven.kafka_libraries(processes, print)\n"
        "        assert [jar.name for jar in libraries.iterdir()] == ['kafka.jar']\n"
        "asyncio.run(main())\n"
    )
    asking = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", asks, str(tmp_path / str(n)))
        for n in range(3)
    ]
    assert [await process.wait() for process in asking] == [0, 0, 0]
    assert (tmp_path / "calls").read_text() == "fetched\n"
