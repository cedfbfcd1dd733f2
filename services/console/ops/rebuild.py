"""`linkway ops rebuild`: state built anew from Kafka, compared, and swapped in."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.ops.parts import AsJson

if TYPE_CHECKING:
    from services.console.ops.client import Client

_EVERY = 0.5
_SHOWN = 20


def rebuild(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="Which service.")] = None,
    projection: Annotated[
        str | None, typer.Argument(help="Which of its projections; without it, they are named.")
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is written down.")] = "",
    compare_only: Annotated[
        bool, typer.Option("--compare-only", help="Compare, then give the rebuilt state up.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Swap without asking, once it is compared.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build state anew from the beginning of its topics, beside the live one; compare; swap.

    Live traffic goes on, and nobody is told anything twice. What differs is named by id and by the
    paths at which it differs, never by a value. Without a projection it is told which there are,
    and why other collections cannot be built from Kafka.

    With --compare-only it ends with status 1 where something differs.

    Examples:
    - `linkway ops rebuild`

    - `linkway ops rebuild outcomes reports --reason "cells differ after a restore"`

    - `linkway ops rebuild referral listings --reason "monthly check" --compare-only --json`
    """
    from services.console.ops.screen import FOUND_WRONG, print_json, run

    if service is None or projection is None:
        _name_them(context, service, as_json=as_json)
        return
    if not reason.strip():
        raise typer.BadParameter("--reason is needed: it is written down")
    target = context.obj()
    body = {"projection": projection, "reason": reason}
    begun = run(
        target, lambda client: client.ask(service, "/ops/rebuilds", method="POST", body=body)
    )
    path = f"/ops/rebuilds/{begun['id']}"
    ready = run(target, lambda client: _until(client, service, path, ("ready",), quiet=as_json))
    if not as_json:
        _show(ready)
    swap = not compare_only and _agreed(yes=yes, can_ask=not as_json and sys.stdin.isatty())

    async def decide(client: Client) -> Any:
        what, end = ("swap", "done") if swap else ("cancel", "cancelled")
        await client.ask(service, f"{path}/{what}", method="POST", body={"reason": reason})
        return await _until(client, service, path, (end,), quiet=as_json)

    ended = run(target, decide)
    if as_json:
        print_json(ended | {"equal": ready["equal"], "compared": ready["compared"]})
    else:
        typer.echo("Swapped." if swap else "Given up; the live state was never touched.")
    if not swap and not ready["equal"]:
        raise typer.Exit(FOUND_WRONG)


def _agreed(*, yes: bool, can_ask: bool) -> bool:
    return yes or (can_ask and typer.confirm("Put the rebuilt state in the place of the live one?"))


async def _until(
    client: Client, service: str, path: str, phases: tuple[str, ...], *, quiet: bool
) -> Any:
    """Follow a rebuild to one of these phases, with a bar where that can be shown."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from services.console.ops.screen import console

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console(),
        disable=quiet or not sys.stdout.isatty(),
    )
    with bars:
        task = bars.add_task("reading", total=None)
        while True:
            found = await client.ask(service, path)
            bars.update(
                task,
                description=found["phase"],
                completed=found["read"],
                total=found["total"] or None,
            )
            if found["phase"] in (*phases, "done", "cancelled"):
                return found
            await asyncio.sleep(_EVERY)


def _show(ready: dict[str, Any]) -> None:
    from services.console.ops.screen import console, table

    shown = table("collection", "#live", "#rebuilt", "#differing", "#too busy to tell")
    for each in ready["compared"]:
        counts = (each[name] for name in ("live", "rebuilt", "differing", "moving"))
        shown.add_row(each["collection"], *(f"{count:,}" for count in counts))
    console().print(shown)
    for each in ready["compared"]:
        for one in each["named"][:_SHOWN]:
            where = ", ".join(one["where"])
            console().print(f"  {each['collection']} {one['id']}: {where}", markup=False)
    for error, count in ready["set_aside"].items():
        console().print(f"{count:,} records could not be applied: {error}", markup=False)


def _name_them(context: typer.Context, service: str | None, *, as_json: bool) -> None:
    from services.console.ops.screen import COULD_NOT, console, print_json, run, table, warn_of

    answers, silent = run(context.obj(), lambda client: client.ask_all("/ops/projections"))
    warn_of(silent)
    answers = {name: each for name, each in answers.items() if service in (None, name)}
    if as_json:
        print_json(answers)
    else:
        shown = table("service", "projection", "collections", "what it is, or why it cannot be")
        for name, each in answers.items():
            for one in each["projections"]:
                shown.add_row(name, one["name"], ", ".join(one["collections"]), one["summary"])
            for collection, why in each["others"].items():
                shown.add_row(name, "", collection, why)
        console().print(shown)
    if silent:
        raise typer.Exit(COULD_NOT)
