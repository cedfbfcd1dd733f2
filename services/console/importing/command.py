"""`linkway import`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def import_files(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE_OR_FOLDER...", help="Files, or folders of files.", exists=True
        ),
    ],
    *,
    directory_url: Annotated[
        str, typer.Option(envvar="LINKWAY_DIRECTORY_URL", help="Where the directory answers.")
    ] = "http://127.0.0.1:8002",
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with a curator's token.", exists=True, dir_okay=False),
    ] = None,
    postcode_area: Annotated[
        list[str] | None,
        typer.Option(
            help="Only practices and services of this area, such as S, and all networks and "
            "boards; may be repeated."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Read and report; send nothing.")] = False,
) -> None:
    """Load services, practices and postcode districts into the directory.

    Formats are told by content: Open Referral UK 3.0 JSON, tables of services (CSV with a
    heading), the NHS ODS `epraccur` file, organisations (JSON, in the words of PUT
    /organisations), tables of postcode districts. Loading a file again
    changes nothing; keep its name, as the ids of rows without one are derived from it.

    The token is read from --token-file or from the environment variable LINKWAY_TOKEN.

    Examples:
    - `linkway import --dry-run ./our-directory`

    - `linkway import outcodes.csv epraccur.csv --postcode-area S --token-file curator.jwt`

    - `LINKWAY_TOKEN=... linkway import services.json --directory-url https://directory.example`

    Ends with status 0 if every file could be read and was taken, whatever rows were bad; with
    1 if one could not be.
    """
    from rich.console import Console

    from services.console.importing.directory import DryRun, PublicDirectory
    from services.console.importing.progress import reading
    from services.console.importing.report import print_report
    from services.console.importing.run import run

    console = Console()
    areas = frozenset(area.strip().upper() for area in postcode_area or ())
    if dry_run:
        with reading(console) as at_line:
            report = run(paths, DryRun(), areas=areas, at_line=at_line)
    else:
        secret = token_file.read_text().strip() if token_file else os.environ.get("LINKWAY_TOKEN")
        if not secret:
            raise typer.BadParameter("give --token-file, or set LINKWAY_TOKEN; or use --dry-run")
        with PublicDirectory(directory_url, secret) as directory, reading(console) as at_line:
            report = run(paths, directory, areas=areas, at_line=at_line)
    print_report(console, report, dry_run=dry_run)
    if not report.complete:
        raise typer.Exit(1)
