"""`linkway audit verify`: each chain walked line by line, and compared with its anchors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.addresses import SERVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.console.auditing.settings import AuditSettings
    from shared.audit.chain import Anchor, Verdict

WRONG, COULD_NOT = 1, 2


def verify(
    *,
    service: Annotated[
        list[str] | None, typer.Option(help="One service, or several; all unless given.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(help="An archive to verify instead.", exists=True, dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Walk each audit line by line and name the first that was altered, removed or moved.

    It reads the databases (LINKWAY_MONGO_URI; LINKWAY_MONGO_PREFIX where they are named so) and
    compares with the anchors on Kafka (LINKWAY_KAFKA_BOOTSTRAP): without those, lines cut off at
    the end would not be missed. Ends with status 0 if all is well, 1 if a line is not, 2 if that
    could not be told.

    Examples:
    - `LINKWAY_MONGO_URI=… LINKWAY_KAFKA_BOOTSTRAP=… linkway audit verify`
    - `linkway audit verify --archive referral-2026.ndjson`
    """
    import asyncio

    from shared.errors import LinkwayError

    try:
        if archive is not None:
            verdicts = asyncio.run(_archive(archive))
        else:
            verdicts = asyncio.run(_databases(_known(service), settings()))
    except LinkwayError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(COULD_NOT) from error
    _report(verdicts, as_json=as_json)
    if any(verdict.finding for verdict in verdicts.values()):
        raise typer.Exit(WRONG)


def settings() -> AuditSettings:
    """The settings from the environment; ends the command with what is wrong with them."""
    import sys

    import structlog
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from services.console.auditing.settings import AuditSettings
    from services.console.serve import faults_of

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        return AuditSettings.model_validate({})
    except (SettingsError, ValidationError) as error:
        typer.echo("\n".join(faults_of(error)), err=True)
        raise typer.Exit(COULD_NOT) from None


async def walk(
    given: AuditSettings, service: str, anchors: Sequence[Anchor], *, quiet: bool = False
) -> Verdict:
    """Verify one service's audit, with a progress bar."""
    import sys

    from rich.console import Console
    from rich.progress import Progress

    from shared.audit.chain import verify

    database = given.database(service)
    try:
        book = database.book()
        screen = Console(stderr=True)
        with Progress(console=screen, disable=quiet or not sys.stderr.isatty()) as progress:
            task = progress.add_task(f"verifying {service}", total=await book.count())
            return await verify(
                book.walk(), service, anchors, told=lambda _: progress.advance(task)
            )
    finally:
        await database.close()


async def anchors_of(given: AuditSettings) -> Sequence[Anchor]:
    """The anchors on Kafka; none, with a word about it, where no Kafka is given."""
    from shared.audit.anchors import read_anchors

    if not given.kafka_bootstrap:
        typer.echo(
            "No LINKWAY_KAFKA_BOOTSTRAP: lines cut off at the end would not be missed.", err=True
        )
        return ()
    return await read_anchors(given)


async def _databases(services: Sequence[str], given: AuditSettings) -> dict[str, Verdict]:
    anchors = await anchors_of(given)
    return {service: await walk(given, service, anchors) for service in services}


async def _archive(file: Path) -> dict[str, Verdict]:
    from shared.audit.archive import read_archive
    from shared.audit.chain import verify

    service, sheets = await read_archive(file)
    return {service: await verify(sheets, service, archived=True)}


def _known(services: list[str] | None) -> Sequence[str]:
    for service in services or ():
        if service not in SERVICES:
            raise typer.BadParameter(f"{service}: there are {', '.join(SERVICES)}")
    return services or SERVICES


def _report(verdicts: dict[str, Verdict], *, as_json: bool) -> None:
    from services.console.ops.screen import console, print_json, table

    if as_json:
        print_json({service: _plain(verdict) for service, verdict in verdicts.items()})
        return
    shown = table("service", "#from line", "#to line", "#anchors", "verdict")
    for service, each in verdicts.items():
        said = f"line {each.finding.line}: {each.finding.what}" if each.finding else "unbroken"
        shown.add_row(service, str(each.first), str(each.head.line), str(each.anchors), said)
    console().print(shown)


def _plain(verdict: Verdict) -> dict[str, Any]:
    finding = verdict.finding
    return {
        "first": verdict.first,
        "last": verdict.head.line,
        "hash": verdict.head.hash,
        "anchors": verdict.anchors,
        "finding": None if finding is None else {"line": finding.line, "what": finding.what},
    }
