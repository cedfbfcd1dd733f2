"""Readings are safe on this machine's disk when they are shown, and in the book soon after."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from shared.audit.chain import verify
from shared.audit.daybook import Daybook
from shared.audit.journal import Journal
from shared.audit.lines import read_line
from shared.audit.sheets import Book, Sheet
from shared.errors import Unavailable
from shared.store import Database
from shared.testing import eventually
from shared.workers import running
from tests.shared.test_audit_chain import NOON, line


class Slow:
    """The database's book, which can be away, or take its time until it is told to go on."""

    def __init__(self, database: Database) -> None:
        self._book = database.book()
        self.away = False
        self.asked = 0
        """How often lines were to be put into it."""
        self.going = asyncio.Event()
        self.going.set()

    async def append(self, sheet: Sheet) -> bool:
        self.asked += 1
        await self.going.wait()
        if self.away:
            raise Unavailable("The database did not answer.")
        return await self._book.append(sheet)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)


@pytest.fixture
def book(database: Database) -> Slow:
    return Slow(database)


@asynccontextmanager
async def journal_on(book: Slow, folder: Path) -> AsyncIterator[Journal]:
    """A process of the service ``things`` that keeps a daybook."""
    journal = Journal(cast("Book", book), "things", lambda: NOON, folder=folder)
    daybook = journal.daybook
    assert daybook is not None
    async with running("daybook", daybook.run, 10.0):
        await eventually(lambda: daybook.note([]))
        yield journal


async def in_book(book: Slow) -> list[str]:
    """The records that the lines are about, in order; the chain holds."""
    assert (await verify(book.walk(), "things")).finding is None
    texts = [text async for sheet in book.walk() for text in sheet.lines]
    return [read_line(n, text).records[0].id for n, text in enumerate(texts)]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def on_disk(folder: Path) -> str:
    """The lines on all pages; the room that is left on them is of zeros."""
    return "".join(file.read_text().rstrip("\0") for file in files(folder))


async def test_a_reading_waits_for_the_disk_and_not_for_the_database(
    book: Slow, tmp_path: Path
) -> None:
    async with journal_on(book, tmp_path) as journal:
        book.going.clear()
        await journal.note([line("p1")])
        await journal.note([line("p2"), line("p3")])
        assert on_disk(tmp_path).count("\n") == 3
        assert await in_book(book) == []
        book.going.set()
        await eventually(lambda: not on_disk(tmp_path))
        assert await in_book(book) == ["p1", "p2", "p3"]
    assert files(tmp_path) == []


async def test_only_the_service_s_own_user_reads_its_pages(book: Slow, tmp_path: Path) -> None:
    async with journal_on(book, tmp_path):
        assert {page.stat().st_mode & 0o777 for page in files(tmp_path)} == {0o600}


async def note_while_another_is_under_way(journal: Journal, book: Slow) -> None:
    """The line of p2, while that of p1 is being entered and does not come to an end."""
    book.going.clear()
    await journal.note([line("p1")])
    await eventually(lambda: book.asked)
    await journal.note([line("p2")])


async def test_lines_that_come_while_others_are_entered_follow_them(
    book: Slow, tmp_path: Path
) -> None:
    async with journal_on(book, tmp_path) as journal:
        await note_while_another_is_under_way(journal, book)
        book.going.set()
        await eventually(lambda: not on_disk(tmp_path))
    assert await in_book(book) == ["p1", "p2"]


async def test_a_stop_enters_what_is_left_and_what_is_under_way_once(
    book: Slow, tmp_path: Path
) -> None:
    async with journal_on(book, tmp_path) as journal:
        await note_while_another_is_under_way(journal, book)
        asyncio.get_running_loop().call_later(0.2, book.going.set)
    assert await in_book(book) == ["p1", "p2"]
    assert files(tmp_path) == []


async def test_after_a_stop_a_reading_waits_for_the_database(book: Slow, tmp_path: Path) -> None:
    async with journal_on(book, tmp_path) as journal:
        pass
    await journal.note([line("p1")])
    assert await in_book(book) == ["p1"]


async def test_nothing_is_shown_while_the_book_cannot_be_written(
    book: Slow, tmp_path: Path
) -> None:
    async with journal_on(book, tmp_path) as journal:
        book.away = True
        await journal.note([line("p1")])  # the daybook does not know yet
        await eventually(lambda: _refuses(journal))
        book.away = False
        await eventually(lambda: not on_disk(tmp_path))
        await journal.note([line("p2")])
    assert await in_book(book) == ["p1", "p2"]


async def _refuses(journal: Journal) -> bool:
    daybook = journal.daybook
    assert daybook is not None
    if daybook.note([]):
        return False
    with pytest.raises(Unavailable):
        await journal.note([line("not shown")])
    return True


async def test_readers_wait_for_a_book_that_lags_behind(book: Slow, tmp_path: Path) -> None:
    async with journal_on(book, tmp_path) as journal:
        daybook = journal.daybook
        assert daybook is not None
        book.going.clear()
        noted = 0
        while daybook.note([line("p1")]):
            noted += 1
        assert len(on_disk(tmp_path)) == noted * len(line("p1").text + "\n") <= 1024 * 1024
        assert noted > 2_000
        late = asyncio.create_task(journal.note([line("p2")]))
        await asyncio.sleep(0.3)
        assert not late.done()
        book.going.set()
        await late
    assert sorted(await in_book(book)) == ["p1"] * noted + ["p2"]


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """As on a full disk, the operating system takes a part of what is written, then refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_an_error_and_nothing_is_left_on_it(
    book: Slow, tmp_path: Path
) -> None:
    journal = Journal(cast("Book", book), "things", lambda: NOON, folder=tmp_path)
    assert journal.daybook is not None
    with files_no_longer_than(1_000), pytest.raises(OSError, match="too large"):
        await journal.daybook.run()
    assert files(tmp_path) == []
    await journal.note([line("p1")])
    assert await in_book(book) == ["p1"]


KILLED = """
import asyncio, sys
from pathlib import Path
from shared.audit.daybook import Daybook
from tests.shared.test_audit_chain import line

async def main():
    never = asyncio.Event()
    daybook = Daybook(Path(sys.argv[1]), "things", lambda lines: never.wait())
    task = asyncio.create_task(daybook.run())
    await asyncio.sleep(0.1)
    assert daybook.note([line("p1"), line("p2")])
    await asyncio.sleep(0.2)
    assert daybook.note([line("p3")])
    print("noted", flush=True)
    await task

asyncio.run(main())
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder with what a process left that was killed before it could enter anything."""
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"noted\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    return tmp_path


async def test_what_a_killed_process_noted_is_entered_by_the_next(book: Slow, killed: Path) -> None:
    assert on_disk(killed).count("\n") == 3
    async with journal_on(book, killed):
        await eventually(lambda: not on_disk(killed))
    assert await in_book(book) == ["p1", "p2", "p3"]
    assert files(killed) == []


async def test_a_line_cut_off_by_the_kill_was_never_shown(book: Slow, killed: Path) -> None:
    (last,) = [file for file in files(killed) if "p3" in file.read_text()]
    whole = last.read_text().rstrip("\0")
    last.write_text(whole[:-20] + "\0" * 20)
    async with journal_on(book, killed):
        await eventually(lambda: not on_disk(killed))
    assert await in_book(book) == ["p1", "p2"]


async def test_what_cannot_be_read_is_kept_for_somebody_to_look_at(
    book: Slow, killed: Path
) -> None:
    (first,) = [file for file in files(killed) if "p1" in file.read_text()]
    damaged = first.read_text().replace('"subject"', '"sub')
    first.write_text(damaged)
    async with journal_on(book, killed):
        await eventually(lambda: list(killed.glob("*.unreadable")))
        await eventually(
            lambda: not any(f.read_text().rstrip("\0") for f in killed.glob("*.lines"))
        )
    assert await in_book(book) == ["p3"]
    assert [file.read_text() for file in files(killed)] == [damaged]


async def test_the_pages_of_a_living_process_and_of_other_services_are_left_alone(
    book: Slow, tmp_path: Path
) -> None:
    other = tmp_path / "others-1.lines"
    other.write_text("not ours\n")
    book.going.clear()
    async with journal_on(book, tmp_path) as living:
        await living.note([line("p1")])
        async with journal_on(book, tmp_path) as second:
            await second.note([line("p2")])
            await eventually(lambda: book.asked == 2)
            book.going.set()
    assert sorted(await in_book(book)) == ["p1", "p2"]
    assert other.read_text() == "not ours\n"


async def test_a_folder_that_cannot_be_written_is_an_error_and_readers_wait(
    book: Slow, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(cast("Book", book), "things", lambda: NOON, folder=tmp_path / "file")
    daybook = journal.daybook
    assert isinstance(daybook, Daybook)
    with pytest.raises(OSError, match="file"):
        await daybook.run()
    await journal.note([line("p1")])
    assert await in_book(book) == ["p1"]
