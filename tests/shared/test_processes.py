from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psutil
import pytest

from shared.servers import ServerError, Supervisor, launcher
from shared.testing import eventually, free_port

SLEEP = ["sleep", "300"]

PARENT = """
import asyncio, os, sys
from pathlib import Path
from shared.servers import Supervisor

async def main():
    folder = Path(sys.argv[1])
    async with Supervisor(folder) as processes:
        await processes.start("child", sys.argv[2:])
        (folder / "pid").write_text(str(processes.pid("child")))
        await asyncio.sleep(300)

asyncio.run(main())
"""

TELLS_SIGNALS = """
import signal, sys, time
def tell(number, frame):
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(0)
signal.signal(signal.SIGINT, tell)
signal.signal(signal.SIGTERM, tell)
print("up", flush=True)
while True:
    time.sleep(0.05)
"""


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_parent(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", *arguments], start_new_session=True)


async def parent_of(folder: Path, command: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """A process of its own with one child: both, once the child is known."""
    parent = start_parent(PARENT, str(folder), *command)
    await eventually(lambda: text(folder / "pid"), within=20)
    return parent, int(text(folder / "pid"))


def text(log: Path) -> str:
    return log.read_text() if log.exists() else ""


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Supervisor]:
    async with Supervisor(tmp_path / "logs") as supervisor:
        yield supervisor


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
async def test_a_child_ends_with_its_parent_however_that_is_killed(
    tmp_path: Path, how: signal.Signals
) -> None:
    parent, child = await parent_of(tmp_path, SLEEP)
    assert lives(child)
    parent.send_signal(how)
    parent.wait(10)
    await eventually(lambda: not lives(child))


async def test_ctrl_c_reaches_the_parent_alone_and_it_stops_the_child_in_order(
    tmp_path: Path,
) -> None:
    parent, child = await parent_of(tmp_path, [sys.executable, "-c", TELLS_SIGNALS])
    log = tmp_path / "child.log"
    await eventually(lambda: "up" in text(log))
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
    parent.wait(10)
    assert not lives(child)
    assert text(log).split() == ["up", "SIGTERM"]


async def test_where_the_kernel_does_not_help_a_companion_watches_the_parent(
    tmp_path: Path,
) -> None:
    command = (
        "import os, runpy, sys\n"
        f"watch = runpy.run_path({str(Path(launcher.__file__))!r})['watch']\n"
        "watch(os.getppid(), every=0.05)\n"
        "os.execvp('sleep', ['sleep', '300'])\n"
    )
    script = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[2]], start_new_session=True)\n"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid))\n"
        "time.sleep(300)\n"
    )
    pid = tmp_path / "pid"
    parent = start_parent(script, str(pid), command)
    await eventually(lambda: text(pid))
    child = int(text(pid))
    await eventually(lambda: psutil.Process(child).name() == "sleep")
    (companion,) = psutil.Process(child).children()
    parent.kill()
    parent.wait(10)
    await eventually(lambda: not lives(child))
    await eventually(lambda: not lives(companion.pid))


async def test_a_child_outlives_the_thread_that_asked_for_it(processes: Supervisor) -> None:
    async def start() -> None:
        await processes.start("child", SLEEP)
        await eventually(lambda: psutil.Process(processes.pid("child")).name() == "sleep")

    asking = threading.Thread(target=lambda: asyncio.run(start()))
    asking.start()
    await asyncio.to_thread(asking.join)
    await asyncio.sleep(0.2)
    assert processes.running("child")


async def test_the_end_of_the_block_ends_the_children(tmp_path: Path) -> None:
    async with Supervisor(tmp_path) as processes:
        await processes.start("one", SLEEP)
        await processes.start("two", SLEEP)
        pids = [processes.pid("one"), processes.pid("two")]
        assert all(map(lives, pids))
    assert not any(map(lives, pids))


async def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(
    processes: Supervisor,
) -> None:
    stubborn = "import signal,time\nsignal.signal(15, signal.SIG_IGN)\nprint('up',flush=True)\n"
    command = [sys.executable, "-c", stubborn + "time.sleep(300)"]
    await processes.start("child", command, grace=0.3)
    await eventually(lambda: "up" in text(processes.log("child")))
    pid = processes.pid("child")
    await asyncio.wait_for(processes.stop("child"), 5)
    assert not lives(pid)
    assert not processes.running("child")


async def test_kill_gives_no_chance_and_restart_runs_the_same_again(
    processes: Supervisor,
) -> None:
    await processes.start("child", [sys.executable, "-c", TELLS_SIGNALS])
    await eventually(lambda: text(processes.log("child")) == "up\n")
    first = processes.pid("child")
    await processes.kill("child")
    assert not lives(first)
    assert not processes.running("child")
    await processes.restart("child")
    await eventually(lambda: text(processes.log("child")) == "up\nup\n")
    assert processes.pid("child") != first


async def test_restart_stops_a_running_child_first(processes: Supervisor) -> None:
    await processes.start("child", SLEEP)
    first = processes.pid("child")
    await processes.restart("child")
    assert not lives(first)
    assert processes.running("child")


async def test_a_name_stands_for_one_running_child(processes: Supervisor) -> None:
    await processes.start("child", SLEEP)
    with pytest.raises(ServerError, match="child is running already"):
        await processes.start("child", SLEEP)


async def test_ready_means_the_url_answers_200(processes: Supervisor) -> None:
    port = free_port()
    await processes.start(
        "web", [sys.executable, "-m", "http.server", str(port), "-b", "127.0.0.1"]
    )
    await processes.wait_ready("web", f"http://127.0.0.1:{port}/")
    with pytest.raises(ServerError, match=r"web was not ready within 1 seconds"):
        await processes.wait_ready("web", f"http://127.0.0.1:{port}/absent", within=1)


async def test_waiting_ends_at_once_when_the_child_ends(processes: Supervisor) -> None:
    await processes.start("broken", [sys.executable, "-c", "print('no disk'); raise SystemExit(3)"])
    with pytest.raises(ServerError, match=r"broken ended with status 3 before .* no disk"):
        await processes.wait_ready("broken", "http://127.0.0.1:1/", within=60)


async def test_a_program_that_is_not_there_is_told_like_any_that_ends(
    processes: Supervisor,
) -> None:
    await processes.start("absent", ["linkway-no-such-program"])
    with pytest.raises(ServerError, match="absent ended with status 1"):
        await processes.wait_ready("absent", "http://127.0.0.1:1/", within=60)


async def test_a_failing_command_is_told_with_what_it_wrote(processes: Supervisor) -> None:
    with pytest.raises(ServerError, match="make ended with status 2: no space"):
        await processes.run(
            "make", [sys.executable, "-c", "print('no space'); raise SystemExit(2)"]
        )


async def test_a_command_that_takes_too_long_is_ended(processes: Supervisor) -> None:
    with pytest.raises(ServerError, match="slow took longer"):
        await processes.run("slow", SLEEP, within=0.2)
    await eventually(lambda: not processes.running("slow"))


async def test_linkways_settings_come_from_the_given_environment_alone(
    processes: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKWAY_MONGO_URI", "of the shell")
    monkeypatch.setenv("OTHER", "of the shell")
    show = "import os; print(*map(os.environ.get, ['LINKWAY_MONGO_URI', 'LINKWAY_ENV', 'OTHER']))"
    await processes.start("child", [sys.executable, "-c", show], env={"LINKWAY_ENV": "given"})
    await eventually(lambda: not processes.running("child"))
    assert text(processes.log("child")) == "None given of the shell\n"


async def test_memory_is_told_in_bytes_for_each_running_child(processes: Supervisor) -> None:
    hold = "x = bytearray(50_000_000); print('up', flush=True); import time; time.sleep(300)"
    await processes.start("child", [sys.executable, "-c", hold])
    await processes.start("ended", ["true"])
    await eventually(lambda: "up" in text(processes.log("child")))
    await eventually(lambda: not processes.running("ended"))
    memory = processes.memory()
    assert set(memory) == {"child"}
    assert 50_000_000 < memory["child"] < 150_000_000
