"""`linkway audit archive`: old lines into a file, then out of the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.console.addresses import SERVICES
from services.console.auditing.verifying import COULD_NOT, WRONG

if TYPE_CHECKING:
    from services.console.auditing.settings import AuditSettings


def archive(
    service: Annotated[str, typer.Argument(help="Which service's audit.")],
    *,
    before: Annotated[datetime, typer.Option(help="Lines written before this time (UTC).")],
    to: Annotated[Path, typer.Option(help="The file to write; it must not be there.")],
    by: Annotated[str, typer.Option(help="Who does it, as the audit is to say.")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would be archived.")] = False,
) -> None:
    """Put old lines into a file that verifies as the chain does, and take them out of the database.

    The chain is verified first; a line of it says up to where it was archived and what the file's
    SHA-256 is, so that it goes on verifying. LINKWAY_MONGO_URI must be of a user who may remove.

    Example:
    - `linkway audit archive referral --before 2019-04-01 --to referral-2018.ndjson --by dpo-1`
    """
    import asyncio

    from services.console.auditing.verifying import settings
    from shared.errors import LinkwayError

    if service not in SERVICES:
        raise typer.BadParameter(f"there are {', '.join(SERVICES)}")
    try:
        asyncio.run(_archive(settings(), service, before, to, by, dry_run=dry_run))
    except LinkwayError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(COULD_NOT) from error


async def _archive(
    given: AuditSettings, service: str, before: datetime, to: Path, by: str, *, dry_run: bool
) -> None:
    import sys
    from datetime import UTC

    from rich.console import Console
    from rich.progress import Progress

    from services.console.auditing.verifying import anchors_of, walk
    from shared.audit.archive import confirm_archive, find_old, write_archive
    from shared.audit.journal import Journal

    verdict = await walk(given, service, await anchors_of(given))
    if verdict.finding is not None:
        typer.echo(f"Nothing was archived: {verdict.finding.what}.", err=True)
        raise typer.Exit(WRONG)
    database = given.database(service)
    try:
        book = database.book()
        old = await find_old(book, before.replace(tzinfo=UTC))
        if old is None:
            typer.echo("There is nothing that old.")
            return
        typer.echo(f"{service}: lines {old.first} to {old.through.line}, {old.sheets} sheets")
        if dry_run:
            typer.echo("Nothing was archived: this was a dry run.")
            return
        screen = Console(stderr=True)
        with Progress(console=screen, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("archiving", total=old.sheets)
            digest = await write_archive(book, service, old, to, lambda _: progress.advance(task))
        journal = Journal(book, service, lambda: datetime.now(UTC))
        number = await confirm_archive(journal, old, digest, by)
        removed = await book.strike(old.through.line + 1)
        typer.echo(f"{to} (SHA-256 {digest}), told in line {number}; {removed} sheets removed.")
    finally:
        await database.close()
