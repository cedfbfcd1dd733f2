"""`linkway ops dead-letters replay` and `discard`: foreseen first, then done, with progress."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.ops.choosing import OfError, OfGroup, OfService, OfType, OlderThan, chosen
from services.console.ops.parts import AsJson

if TYPE_CHECKING:
    from services.console.ops.client import Client

_EVERY = 0.5

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Only these letters.")]
Everything = Annotated[bool, typer.Option("--all", help="All that are open.")]
Reason = Annotated[str, typer.Option(help="Why; it is written down with each letter.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before doing it.")]
Rate = Annotated[float, typer.Option(help="Records a second, at most.", min=0.1, max=1_000)]


def replay(
    context: typer.Context,
    ids: Ids = None,
    *,
    service: OfService = None,
    group: OfGroup = None,
    event: OfType = None,
    error: OfError = None,
    older_than: OlderThan = None,
    everything: Everything = False,
    reason: Reason = "",
    rate: Rate = 20.0,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give dead letters to the consumer group that failed, once more and to no other.

    What waited behind each follows in order. First it is told what would happen; nothing is done
    before you agree. Doing it twice changes nothing. Ends with status 1 where letters failed again.

    Examples:
    - `linkway ops dead-letters replay 7b1f6a52-… --reason "mended by release 1.4.2"`

    - `linkway ops dead-letters replay --error KeyError --dry-run`

    - `linkway ops dead-letters replay --all --reason "database restored" --yes --rate 50`
    """
    filter_ = chosen(ids or (), group, event, error, older_than)
    _insist(filter_, everything=everything, reason=reason, dry_run=dry_run)
    body = {"reason": reason, "rate": rate}
    _mend(context, "replay", service, filter_, body, dry_run=dry_run, yes=yes, as_json=as_json)


def discard(
    context: typer.Context,
    ids: Ids = None,
    *,
    service: OfService = None,
    group: OfGroup = None,
    event: OfType = None,
    error: OfError = None,
    older_than: OlderThan = None,
    everything: Everything = False,
    reason: Reason = "",
    waiting: Annotated[
        str,
        typer.Option(help="What becomes of events that wait behind: release or discard."),
    ] = "release",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give dead letters up, with a reason; the records stay on their topics.

    What waited behind them is applied in order, or discarded as well with `--waiting discard`.

    Example:
    - `linkway ops dead-letters discard 7b1f6a52-… --reason "sent by a test of the broker"`
    """
    if waiting not in ("release", "discard"):
        raise typer.BadParameter("--waiting is release or discard")
    filter_ = chosen(ids or (), group, event, error, older_than)
    _insist(filter_, everything=everything, reason=reason, dry_run=dry_run)
    body = {"reason": reason, "waiting": waiting}
    _mend(context, "discard", service, filter_, body, dry_run=dry_run, yes=yes, as_json=as_json)


def _insist(filter_: Mapping[str, Any], *, everything: bool, reason: str, dry_run: bool) -> None:
    if not filter_ and not everything:
        raise typer.BadParameter("say which letters: ids, a filter, or --all")
    if not dry_run and not reason.strip():
        raise typer.BadParameter("--reason is needed: it is written down with each letter")


def _mend(
    context: typer.Context,
    kind: str,
    service: str | None,
    filter_: Mapping[str, Any],
    body: Mapping[str, Any],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    from services.console.ops.choosing import foreseen
    from services.console.ops.screen import FOUND_WRONG, console, print_json, run

    target = context.obj()
    found = run(target, lambda client: foreseen(client, service, filter_))
    if not as_json:
        _tell(found, kind)
    if dry_run or not found:
        if as_json:
            print_json({"foreseen": found, "repairs": {}})
        return
    _agree(kind, yes=yes, can_ask=not as_json and sys.stdin.isatty())

    async def mend(client: Client) -> dict[str, Any]:
        begun = {}
        for name, told in found.items():
            asked = {"chosen": filter_, "as_of": told["as_of"], **body}
            path = f"/ops/dead-letters/{kind}"
            begun[name] = await client.ask(name, path, method="POST", body=asked)
        return await _followed(client, begun, quiet=as_json)

    done = run(target, mend)
    if as_json:
        print_json({"foreseen": found, "repairs": done})
    else:
        for name, each in done.items():
            console().print(f"{name}: {_sentence(kind, each)}", markup=False)
    if any(each["failed"] or each["status"] != "ended" for each in done.values()):
        raise typer.Exit(FOUND_WRONG)


def _agree(kind: str, *, yes: bool, can_ask: bool) -> None:
    if yes:
        return
    if not can_ask:
        raise typer.BadParameter("add --yes to have it done, or --dry-run only to be told")
    typer.confirm(f"{kind.capitalize()} them?", abort=True)


def _tell(found: Mapping[str, Any], kind: str) -> None:
    from services.console.ops.screen import age, console, table

    if not found:
        console().print("No open dead letters are meant.")
        return
    shown = table("service", "group", "event type", "error", "#letters", "#oldest")
    for name, told in found.items():
        for row in told["items"]:
            shown.add_row(
                name,
                row["group"],
                row["type"],
                row["error"],
                f"{row['count']:,}",
                age(row["oldest_seconds"]),
            )
    console().print(shown)
    for name, told in found.items():
        waiting = f"; {told['waiting']:,} more wait behind them" if told["waiting"] else ""
        console().print(f"{name}: {told['total']:,} to {kind}{waiting}", markup=False)
        for said, count in told["checked"].items() if kind == "replay" else ():
            console().print(f"  {count:,} {said}", markup=False)


async def _followed(client: Client, begun: Mapping[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Follow the repairs to their ends, with a bar for each where that can be shown."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from services.console.ops.screen import console

    state = dict(begun)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console(),
        disable=quiet or not sys.stdout.isatty(),
    )
    with bars:
        tasks = {name: bars.add_task(name, total=each["total"]) for name, each in state.items()}
        while True:
            for name, each in state.items():
                handled = each["done"] + each["failed"] + each["passed_over"]
                bars.update(tasks[name], completed=handled)
            left = [name for name, each in state.items() if each["status"] != "ended"]
            if not left:
                return state
            await asyncio.sleep(_EVERY)
            for name in left:
                state[name] = await client.ask(name, f"/ops/repairs/{state[name]['id']}")


def _sentence(kind: str, run: Mapping[str, Any]) -> str:
    parts = [f"{run['done']:,} {kind}ed"]
    for name, words in (
        ("failed", "failed again"),
        ("passed_over", "passed over, as they were settled or wait behind another"),
        ("released", "released that had waited"),
    ):
        if run[name]:
            parts.append(f"{run[name]:,} {words}")
    return ", ".join(parts) + "."
