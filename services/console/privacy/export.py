"""`linkway export-person`: all that four services hold about a person, as JSON and to read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.privacy.asking import FOLDER, AsJson, Folder, TokenFile, target_of

if TYPE_CHECKING:
    from services.console.ops.client import Client


def export_person(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id.")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to write into; made if it is not there.")],
    referral_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_REFERRAL_URL", help="Where referral answers.")
    ] = None,
    directory_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_DIRECTORY_URL", help="Where directory answers.")
    ] = None,
    outcomes_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_OUTCOMES_URL", help="Where outcomes answers.")
    ] = None,
    notifications_url: Annotated[
        str | None,
        typer.Option(envvar="LINKWAY_NOTIFICATIONS_URL", help="Where notifications answers."),
    ] = None,
    token_file: TokenFile = None,
    folder: Folder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Write what is held about a person into two files: one to read and print, one JSON.

    For a subject access request (UK GDPR Art 15), as a team lead of the team that holds the case.
    Look through the files before handing them over: other people may be named in free text. Nobody
    else on this machine can read them.

    Example:
    - `linkway export-person 0190c0de-… --out request-17`
    """
    from services.console.ops.screen import run
    from services.console.privacy.page import page_of

    target = target_of(
        token_file,
        folder,
        referral=referral_url,
        directory=directory_url,
        outcomes=outcomes_url,
        notifications=notifications_url,
    )
    gathered, names = run(target, lambda client: gather(client, person))
    out.mkdir(parents=True, exist_ok=True)
    files = {
        "person.json": json.dumps(gathered, indent=2, ensure_ascii=False),
        "person.html": page_of(gathered, names),
    }
    for name, text in files.items():
        _write(out / name, text)
    if as_json:
        typer.echo(json.dumps({name: str(out / name) for name in files}))
    else:
        typer.echo(f"Written: {out / 'person.html'} to read, {out / 'person.json'} for machines.")
        elsewhere = gathered["referral"]["referrals_elsewhere"]
        if elsewhere:
            typer.echo(f"{elsewhere} more referrals are with other teams: ask these as well.")


async def gather(client: Client, person: str) -> tuple[dict[str, Any], Mapping[str, str]]:
    """What each service holds, by service; and names of services and organisations by their ids."""
    owner = await client.ask("referral", f"/persons/{person}/export")
    referrals = owner["referrals"]
    path = f"/persons/{owner['person_id']}/export"
    cases = list(dict.fromkeys(each["case_id"] for each in referrals))
    services = list(dict.fromkeys(each["service_id"] for each in referrals))
    gathered = {
        "referral": owner,
        "outcomes": await client.ask("outcomes", path),
        "notifications": await client.ask(
            "notifications", path, params={"case_id": cases, "also_known_as": owner["person_ids"]}
        ),
        "directory": await client.ask(
            "directory",
            path,
            params={
                "referral_id": [each["id"] for each in referrals],
                "service_id": services,
            },
        ),
    }
    return gathered, await _names(client, services)


async def _names(client: Client, service_ids: list[str]) -> Mapping[str, str]:
    from services.console.ops.client import Refused

    names: dict[str, str] = {}
    for service_id in service_ids:
        try:
            found = await client.ask("directory", f"/services/{service_id}")
        except Refused:
            # A service that is gone from the directory keeps its id.
            continue
        names[service_id] = found["name"]
        names[found["organization"]["id"]] = found["organization"]["name"]
    return names


def _write(file: Path, text: str) -> None:
    """Write a file that nobody else on this machine may read."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
