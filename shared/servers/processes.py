"""Child processes by name: started, watched, killed, restarted and stopped together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from shared.servers.errors import ServerError

_LAUNCHER = Path(__file__).with_name("launcher.py")
_POLL_SECONDS = 0.03

# Linux ends a child with the *thread* that started it, so all are started by one thread
# that lives as long as this process, never by a passing worker thread.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="linkway-starter")


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None
    grace: float
    log: Path
    popen: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Fork; its own session keeps a terminal's Ctrl-C for the parent alone."""
        launch = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *self.command]
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(  # noqa: S603 - commands are the project's own
                launch,
                env=dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send to the whole group; nothing happens where it has ended."""
        if self.running:
            os.killpg(self.popen.pid, number)

    async def ended(self) -> int:
        while True:
            if (status := self.popen.poll()) is not None:
                return status
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """SIGTERM, wait as long as ``grace`` seconds, SIGKILL."""
        if self.grace:
            self.signal(signal.SIGTERM)
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.ended(), self.grace)
            finally:  # also where the wait itself was cancelled
                self.signal(signal.SIGKILL)
        else:
            self.signal(signal.SIGKILL)
        await self.ended()


class Supervisor:
    """Child processes that end with this object and, whatever happens, with this process.

        async with Supervisor(folder) as processes:
            await processes.start("referral", [sys.executable, "-m", "uvicorn", ...], env={...})
            await processes.wait_ready("referral", "http://127.0.0.1:8001/ready")

    Output goes to ``folder/<name>.log``. A child killed or ended by itself stays known
    under its name, so that it can be restarted with the same command.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, _Child] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float = 20.0,
    ) -> None:
        """Start ``command``; ``grace`` is how many seconds it may take to stop (0: none).

        It inherits this process's environment except for Linkway's own settings: a
        service gets those from ``env`` alone.
        """
        if name in self._children and self._children[name].running:
            raise ServerError(f"{name} is running already.")
        self._folder.mkdir(parents=True, exist_ok=True)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("LINKWAY_")}
        child = _Child(name, command, inherited | dict(env or {}), cwd, grace, self.log(name))
        await self._start(child)

    async def _start(self, child: _Child) -> None:
        starting = asyncio.get_running_loop().run_in_executor(_starter, child.start)
        try:
            await asyncio.shield(starting)
        finally:  # where this task is cancelled meanwhile, the child is still ours to stop
            await starting
            self._children[child.name] = child

    def environment(self, name: str) -> dict[str, str]:
        """What the child was started with; for another like it."""
        return dict(self._children[name].env)

    async def run(self, name: str, command: Sequence[str], *, within: float = 60.0) -> None:
        """Run a command to its end; ServerError if it fails or takes longer."""
        await self.start(name, command)
        child = self._children[name]
        try:
            status = await asyncio.wait_for(child.ended(), within)
        except TimeoutError:
            raise ServerError(f"{name} took longer than {within:.0f} seconds.") from None
        finally:
            child.signal(signal.SIGKILL)
        if status:
            raise ServerError(f"{name} ended with status {status}: {self.log_end(name)}")

    def running(self, name: str) -> bool:
        """Whether it was started and has not ended."""
        return name in self._children and self._children[name].running

    def pid(self, name: str) -> int:
        """Its process id, which a restart changes."""
        return self._children[name].popen.pid

    def log(self, name: str) -> Path:
        """The file its output goes to."""
        return self._folder / f"{name}.log"

    def log_end(self, name: str, lines: int = 15) -> str:
        """The last lines it wrote."""
        text = self.log(name).read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    async def wait_until(
        self, name: str, ready: Callable[[], Awaitable[bool]], within: float = 60.0
    ) -> None:
        """Ask ``ready`` until it says so; ServerError if the child ends or time is up."""
        try:
            async with asyncio.timeout(within):
                while not await ready():
                    if not self.running(name):
                        status = self._children[name].popen.returncode
                        raise ServerError(
                            f"{name} ended with status {status} before it was ready. "
                            f"It wrote: {self.log_end(name)}"
                        )
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise ServerError(
                f"{name} was not ready within {within:.0f} seconds. It wrote: {self.log_end(name)}"
            ) from None

    async def wait_ready(self, name: str, url: str, within: float = 60.0) -> None:
        """Wait until ``url`` answers 200; ServerError if the child ends or time is up."""
        async with httpx.AsyncClient(trust_env=False) as http:

            async def answers() -> bool:
                try:
                    return (await http.get(url)).status_code == httpx.codes.OK
                except httpx.TransportError:
                    return False

            await self.wait_until(name, answers, within)

    async def kill(self, name: str) -> None:
        """SIGKILL: it has no chance to finish anything."""
        self._children[name].signal(signal.SIGKILL)
        await self._children[name].ended()

    async def restart(self, name: str) -> None:
        """Stop it where it still runs, and start it again with the same command."""
        child = self._children[name]
        await child.stop()
        await self._start(child)

    async def stop(self, name: str | None = None) -> None:
        """Stop one or, side by side, all: SIGTERM, wait its grace, SIGKILL."""
        chosen = self._children.values() if name is None else [self._children[name]]
        await asyncio.gather(*(child.stop() for child in chosen))

    def memory(self) -> dict[str, int]:
        """Resident bytes of each running child."""
        import psutil

        return {
            name: psutil.Process(child.popen.pid).memory_info().rss
            for name, child in self._children.items()
            if child.running
        }

    def processor_seconds(self) -> dict[str, float]:
        """Seconds of processor time each running child has used so far."""
        import psutil

        return {
            name: sum(psutil.Process(child.popen.pid).cpu_times()[:2])
            for name, child in self._children.items()
            if child.running
        }
