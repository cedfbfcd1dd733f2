"""`linkway audit search` and `linkway audit export`: asked of the services' own APIs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.console.ops.client import Client

Person = Annotated[
    str | None, typer.Option("--person", help="Lines about this person, case or record (its id).")
]
User = Annotated[str | None, typer.Option("--user", help="Lines of this user (the token's `sub`).")]
Since = Annotated[datetime | None, typer.Option("--from", help="Not before this time (UTC).")]
Until = Annotated[datetime | None, typer.Option("--to", help="Not after this time (UTC).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

_PAGE = 200


def search(
    context: typer.Context,
    *,
    person: Person = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="How many lines of each service.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Search the audits of all services, newest first; `--json` has the ids of the records too.

    Example:
    - `linkway audit search --person 0190c0de-0000-7000-8000-000000000001 --from 2026-03-01`
    """
    from services.console.ops.screen import (
        COULD_NOT,
        clock,
        console,
        print_json,
        run,
        table,
        warn_of,
    )

    if person is None and user is None:
        raise typer.BadParameter("say --person or --user, or both")
    asked = {"person_id": person, "subject": user, **_times(since, until)}

    async def ask(client: Client) -> tuple[dict[str, Any], dict[str, str]]:
        return await client.ask_all("/audit", params={**asked, "limit": min(limit, _PAGE)})

    answers, silent = run(context.obj(), ask)
    warn_of(silent)
    if as_json:
        print_json({service: each["items"] for service, each in answers.items()})
    else:
        shown = table("when", "service", "who", "purpose", "what", "outcome", "records")
        rows = [(service, line) for service, each in answers.items() for line in each["items"]]
        for service, line in sorted(rows, key=lambda row: row[1]["at"], reverse=True):
            kinds = Counter(each["kind"] for each in line["records"])
            records = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            what = line.get("route") or line["action"]
            who = f"{line['subject']}, {line['role']} of {line['organisation']}"
            shown.add_row(
                clock(line["at"]),
                service,
                who,
                line["purpose"],
                what,
                line.get("outcome", ""),
                records,
            )
        console().print(shown)
        for service, each in answers.items():
            if each.get("next_cursor"):
                typer.echo(f"{service} has more: raise --limit, or export.", err=True)
    if silent:
        raise typer.Exit(COULD_NOT)


def export(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)],
    *,
    service: Annotated[str, typer.Option(help="Which service's audit.")] = "referral",
    format_: Annotated[str, typer.Option("--format", help="`ndjson` or `csv`.")] = "ndjson",
    person: Person = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Export one service's audit of your tenant, all of it or what a search would find.

    Example:
    - `linkway audit export audit.csv --service outcomes --format csv --from 2026-03-01`
    """
    import httpx
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    from services.console.addresses import SERVICES
    from services.console.ops.screen import COULD_NOT

    if service not in SERVICES:
        raise typer.BadParameter(f"there are {', '.join(SERVICES)}")
    if format_ not in {"ndjson", "csv"}:
        raise typer.BadParameter("the format is ndjson or csv")
    target = context.obj()
    asked = {"person_id": person, "subject": user, "format": format_, **_times(since, until)}
    params = {name: value for name, value in asked.items() if value is not None}
    headers = {"Authorization": f"Bearer {target.token}"}
    with httpx.Client(trust_env=False, timeout=60, headers=headers) as http:
        url = f"{target.urls[service]}/audit/export"
        try:
            with http.stream("GET", url, params=params) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    typer.echo(f"{service} answers {answer.status_code}: {answer.text}", err=True)
                    raise typer.Exit(COULD_NOT)
                columns = (TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn())
                with to.open("wb") as file, Progress(*columns) as progress:
                    task = progress.add_task(f"exporting {service}", total=None)
                    for part in answer.iter_bytes():
                        file.write(part)
                        progress.advance(task, len(part))
        except httpx.HTTPError as error:
            typer.echo(f"{service} does not answer at {url} ({type(error).__name__}).", err=True)
            raise typer.Exit(COULD_NOT) from error


def _times(since: datetime | None, until: datetime | None) -> Mapping[str, str | None]:
    return {
        "from": None if since is None else f"{since.isoformat()}Z",
        "to": None if until is None else f"{until.isoformat()}Z",
    }
