"""Readings noted on this machine's disk before they are shown, and entered in the book soon after.

A daybook takes what happens as it happens; its entries are posted to the ledger from there.
Whoever reads waits for the operating system to hold the line, some microseconds, and not for the
database to have it in its journal. Changes do not go this way: they wait for the book.
"""

from __future__ import annotations

import asyncio
import fcntl
import mmap
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import structlog

from shared.audit.lines import Entry, keys_of
from shared.bus.ending import to_its_end
from shared.errors import Unavailable
from shared.ids import new_id

UNREADABLE = ".unreadable"
"""How the name of a page ends whose lines could not be read."""

_GATHER_SECONDS = 0.1
"""How long lines gather: what a lost machine may take with it, as far as the database answers."""
_PAGE_BYTES = 1 << 20
"""Room for some two thousand lines; when it is full, readers wait for the book."""
_TOGETHER = 200
"""Lines that are entered together: far below a document's 16 MB, however long each is."""
_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 30.0
_LAST_SECONDS = 5.0

Enter = Callable[[Sequence[Entry]], Awaitable[object]]
"""Puts lines into the book; ``Journal.write``."""


class Daybook:
    """The lines of one process that are not yet in the book, on two pages in ``folder``.

    One page is written on while the lines of the other are entered. Both are files that their
    process holds a lock on: what a process leaves behind when it is killed, the next of the same
    service on this machine enters. A page is emptied once its lines are in the book, so a process
    killed between the two leads to lines that are there twice, with one ``request_id``: never to
    one that is not there.
    """

    def __init__(self, folder: Path, service: str, enter: Enter) -> None:
        self._folder = folder
        self._service = service
        self._enter = enter
        self._pages: list[Page] = []
        self._noted = asyncio.Event()
        self._failing = False

    def note(self, lines: Sequence[Entry]) -> bool:
        """Take the lines; False where they must go into the book at once.

        So it is where the book cannot be written or lags behind, and outside of ``run``.
        """
        if self._failing or not self._pages or not self._pages[0].add(lines):
            return False
        self._noted.set()
        return True

    @property
    def waiting(self) -> int:
        """How many lines are not yet in the book."""
        return sum(len(page.lines) for page in self._pages)

    async def run(self) -> None:
        """Enter what is noted until cancelled, and then what is left.

        Raises OSError where ``folder`` cannot be written or its disk is full.
        """
        try:
            for _ in range(2):
                self._pages.append(Page.new(self._folder, self._service))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._enter_noted())
                tasks.create_task(self._look_for_left())
        finally:
            await self._close()

    async def _enter_noted(self) -> None:
        while True:
            await self._noted.wait()
            self._noted.clear()
            while self.waiting:
                await asyncio.sleep(_AGAIN_SECONDS if self._failing else _GATHER_SECONDS)
                await to_its_end(self._try_to_enter())

    async def _try_to_enter(self) -> None:
        try:
            await self._turn_page()
        except Unavailable as error:
            if not self._failing:
                structlog.get_logger().warning("audit daybook waits", reason=error.detail)
            self._failing = True
        else:
            self._failing = False

    async def _turn_page(self) -> None:
        if not self._pages[1].lines:
            self._pages.reverse()
        await self._enter_page(self._pages[1])

    async def _enter_page(self, page: Page) -> None:
        while page.lines:
            await self._enter(page.lines[:_TOGETHER])
            del page.lines[:_TOGETHER]
        page.empty()

    async def _close(self) -> None:
        """Enter what there still is; what cannot be is left for the next start."""
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                while self.waiting:
                    await self._turn_page()
        except (Unavailable, TimeoutError):
            structlog.get_logger().warning("audit daybook left", lines=self.waiting)
        finally:
            pages, self._pages = self._pages, []
            for page in pages:
                if not page.lines:
                    page.take_away()
                page.close()

    async def _look_for_left(self) -> None:
        while True:
            try:
                for page in Page.left(self._folder, self._service):
                    await to_its_end(self._take_over(page))
            except (Unavailable, OSError) as error:
                structlog.get_logger().warning("audit daybook not taken over", reason=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _take_over(self, page: Page) -> None:
        """Enter what an ended process of this service has left, and take the page away."""
        try:
            page.read()
            structlog.get_logger().info("audit daybook taken over", lines=len(page.lines))
            await self._enter_page(page)
            page.take_away()
        except ValueError as error:
            kept = page.set_aside()
            structlog.get_logger().error("audit daybook unreadable", file=kept, reason=str(error))
        finally:
            page.close()


class Page:
    """A file of lines under a lock, in this process's memory; ``lines`` are those on it.

    To write on it is to copy bytes: the operating system has them, whatever becomes of the process,
    and no call to it is made. All room there is was taken when the page was made.
    """

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file
        self._bytes = mmap.mmap(file, 0)
        self._end = 0
        self.lines: list[Entry] = []

    @classmethod
    def new(cls, folder: Path, service: str) -> Self:
        """An empty page of this process. Raises OSError where there can be none."""
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / f"{service}-{new_id()}.lines"
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if _lock(file):
                break
            os.close(file)
        try:
            room = bytes(_PAGE_BYTES)
            while room:
                room = room[os.write(file, room) :]
            return cls(path, file)
        except OSError:
            path.unlink()
            os.close(file)
            raise

    @classmethod
    def left(cls, folder: Path, service: str) -> Iterator[Self]:
        """The pages that no process holds any more, in the order in which they were begun."""
        for path in sorted(folder.glob(f"{service}-*.lines")):
            try:
                file = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            if not _lock(file):
                os.close(file)
            elif os.fstat(file).st_size:
                yield cls(path, file)
            else:  # its process ended while it made the page
                path.unlink()
                os.close(file)

    def read(self) -> None:
        """The lines from the file; one without its end belongs to what was never shown.

        Raises ValueError where one is none.
        """
        texts = bytes(self._bytes).partition(b"\0")[0].decode().split("\n")[:-1]
        self.lines = [Entry(text, keys_of(text)) for text in texts]

    def add(self, lines: Sequence[Entry]) -> bool:
        """Put the lines on the page; False where there is no room for them."""
        text = "".join(f"{line.text}\n" for line in lines).encode()
        end = self._end + len(text)
        if end > len(self._bytes):
            return False
        self._bytes[self._end : end] = text
        self._end = end
        self.lines += lines
        return True

    def empty(self) -> None:
        """Take all lines off; they are in the book."""
        self._bytes[: self._end] = bytes(self._end)
        self._end = 0
        self.lines = []

    def take_away(self) -> None:
        """Remove the page; what was on it is in the book."""
        self._path.unlink(missing_ok=True)

    def set_aside(self) -> str:
        """Keep the file for somebody to look at; gives its name."""
        self._path = self._path.rename(self._path.with_suffix(UNREADABLE))
        return self._path.name

    def close(self) -> None:
        """Let go of the page."""
        self._bytes.close()
        os.close(self._file)


def _lock(file: int) -> bool:
    """Whether this process holds the file now; not if another does, or has taken it away."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file).st_nlink > 0
