"""`linkway retention`: records whose time is over, counted first and then erased."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.privacy.asking import (
    FOLDER,
    AsJson,
    Folder,
    ReferralUrl,
    TokenFile,
    target_of,
)

if TYPE_CHECKING:
    from services.console.ops.client import Client

_PAGE = 200


def retention(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count only; nothing is erased.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    referral_url: ReferralUrl = None,
    token_file: TokenFile = None,
    folder: Folder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Erase persons whose records need not be kept any more, by the tenant's own rules.

    Run it regularly, as a tenant's admin: a record is erased once, however often this runs, and one
    that somebody was in touch about since is left alone. It may be stopped at any time.

    Examples:
    - `linkway retention --dry-run`
    - `linkway retention --yes --json` each night, from cron or a Kubernetes CronJob, with
    LINKWAY_TOKEN_URL, LINKWAY_CLIENT_ID, LINKWAY_CLIENT_SECRET_FILE and LINKWAY_TENANT set
    """
    from services.console.ops.screen import console, print_json, run

    target = target_of(token_file, folder, referral=referral_url)
    found = run(target, _past)
    counts = _counted(found)
    if not as_json:
        _show(counts)
    if not dry_run and found:
        if not yes:
            typer.confirm(f"This cannot be undone. Erase {len(found):,} persons?", abort=True)
        erased, left = run(target, lambda client: _erase(client, found))
    else:
        erased, left = 0, 0
    if as_json:
        print_json({"types": counts, "erased": erased, "left_alone": left, "dry_run": dry_run})
    elif not dry_run:
        console().print(f"{erased:,} erased, {left:,} left alone.")


async def _past(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": _PAGE, "cursor": cursor}
        page = await client.ask("referral", "/retention/due", params=params)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def _erase(client: Client, found: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many were erased, and how many not after all."""
    from rich.console import Console
    from rich.progress import Progress

    from services.console.ops.client import Refused

    erased, left = 0, 0
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Erasing", total=len(found))
        for each in found:
            try:
                await client.ask(
                    "referral",
                    "/retention/erasures",
                    method="POST",
                    body={"person_id": each["person_id"]},
                )
                erased += 1
            except Refused as refused:
                # Somebody was in touch about them meanwhile, or their record is held.
                if " 409:" not in str(refused):
                    raise
                left += 1
            progress.advance(task)
    return erased, left


def _counted(found: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    types: dict[str, dict[str, Any]] = {}
    for each in found:
        of = types.setdefault(each["record_type"], {"count": 0, "oldest": each["last_seen"]})
        of["count"] += 1
        of["oldest"] = min(of["oldest"], each["last_seen"])
    return types


def _show(counts: dict[str, dict[str, Any]]) -> None:
    from services.console.ops.screen import console, table

    if not counts:
        console().print("No record's time is over.")
        return
    shown = table("type of record", "#past their time", "oldest, last seen on")
    for record_type, of in sorted(counts.items()):
        shown.add_row(record_type, f"{of['count']:,}", of["oldest"])
    console().print(shown)
