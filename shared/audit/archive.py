"""Old lines put into a file, which verifies as the chain does, and then taken from the book.

How long lines stay in the database, and how long archives are kept, is a decision of its own:
the records that the lines tell of have theirs.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.audit.chain import ARCHIVED, archive_detail
from shared.audit.journal import Journal
from shared.audit.lines import Touched, Who, entries, keys_of
from shared.audit.sheets import Book, Head, Sheet
from shared.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Old:
    """The lines that are older than a day: how many sheets, and from which line to which."""

    sheets: int
    first: int
    through: Head


async def find_old(book: Book, before: datetime) -> Old | None:
    """The sheets written before ``before``; None where there are none.

    The newest sheet always stays, so that the chain has an end to go on from.
    """
    count, first = 0, 0
    held: Sheet | None = None
    through: Head | None = None
    async for sheet in book.walk():
        if held is not None:
            count += 1
            first = first or held.first
            through = Head(held.last, held.hashes[-1])
        if sheet.at >= before:
            break
        held = sheet
    return None if through is None else Old(count, first, through)


async def write_archive(
    book: Book, service: str, old: Old, file: Path, told: Callable[[Sheet], None]
) -> str:
    """Write the old lines to ``file``, which must not be there yet; gives its SHA-256.

    Raises Conflict where the file is there.
    """
    digest = hashlib.sha256()
    try:
        archive = await asyncio.to_thread(file.open, "xb")
    except FileExistsError:
        raise Conflict(f"{file} is there already; archives are never written over.") from None
    with archive:

        def put(value: dict[str, Any]) -> None:
            row = json.dumps(value, ensure_ascii=False).encode() + b"\n"
            digest.update(row)
            archive.write(row)

        begun = False
        async for sheet in book.walk():
            if sheet.first > old.through.line:
                break
            if not begun:
                put({"service": service, "first": sheet.first, "before": sheet.before})
                begun = True
            for number, (text, hash_) in enumerate(
                zip(sheet.lines, sheet.hashes, strict=True), start=sheet.first
            ):
                put({"number": number, "at": sheet.at.isoformat(), "hash": hash_, "text": text})
            told(sheet)
        archive.flush()
        os.fsync(archive.fileno())
    return digest.hexdigest()


async def confirm_archive(journal: Journal, old: Old, file_digest: str, subject: str) -> int:
    """Say in the chain itself up to where it was archived; the line's number.

    Only then may the old lines be taken from the book: the line accounts for them.
    """
    who = Who("*", subject, "operations", "platform", "RECORDMGT", f"archive-{old.through.line}")
    touched = [Touched("audit", f"{old.first}-{old.through.line}")]
    lines = entries(
        who,
        ARCHIVED,
        datetime.now(UTC),
        touched,
        detail=archive_detail(old.through, file_digest),
    )
    return await journal.write(lines)


async def read_archive(file: Path) -> tuple[str, AsyncIterator[Sheet]]:
    """The service of an archive, and its lines as sheets. Raises Invalid for what is none."""
    rows = (await asyncio.to_thread(file.read_text, encoding="utf-8")).splitlines()
    try:
        head = json.loads(rows[0])
        service, before = str(head["service"]), str(head["before"])
    except (ValueError, KeyError, IndexError, TypeError):
        raise Invalid(f"{file} is not an archive of an audit.") from None

    async def sheets(before: str) -> AsyncIterator[Sheet]:
        for row in rows[1:]:
            line = json.loads(row)
            yield Sheet(
                first=line["number"],
                at=datetime.fromisoformat(line["at"]),
                before=before,
                lines=[line["text"]],
                hashes=[line["hash"]],
                keys=sorted(keys_of(line["text"])),
            )
            before = line["hash"]

    return service, sheets(before)
