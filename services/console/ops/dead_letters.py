"""`linkway ops dead-letters`: see why an event could not be applied, and put it right."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from services.console.ops.choosing import OfError, OfGroup, OfService, OfType, OlderThan, read_age
from services.console.ops.mending import discard, replay
from services.console.ops.parts import AsJson

dead_letters = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Find events that could not be applied, see why, replay or discard them.",
)
dead_letters.command("replay")(replay)
dead_letters.command("discard")(discard)

_STATUSES = ("open", "waiting", "replayed", "discarded")


@dead_letters.command("count")
def count(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were replayed or discarded.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Count dead letters by service, consumer group, event type and error, with the oldest's age.

    Ends with status 1 where any is open or waits.

    Example:
    - `linkway ops dead-letters count`
    """
    from services.console.ops.screen import (
        COULD_NOT,
        FOUND_WRONG,
        age,
        console,
        print_json,
        run,
        table,
        warn_of,
    )

    answers, silent = run(context.obj(), lambda client: client.ask_all("/ops/dead-letters/counts"))
    warn_of(silent)
    rows = [
        {"service": service, **each}
        for service, answer in answers.items()
        for each in answer["items"]
        if everything or each["status"] in ("open", "waiting")
    ]
    if as_json:
        print_json(rows)
    elif rows:
        shown = table("service", "group", "event type", "error", "status", "#letters", "#oldest")
        for row in rows:
            shown.add_row(
                row["service"],
                row["group"],
                row["type"],
                row["error"],
                row["status"],
                f"{row['count']:,}",
                age(row["oldest_seconds"]),
            )
        console().print(shown)
    else:
        console().print("No dead letters.")
    if silent:
        raise typer.Exit(COULD_NOT)
    if any(row["status"] in ("open", "waiting") for row in rows):
        raise typer.Exit(FOUND_WRONG)


@dead_letters.command("list")
def list_letters(
    context: typer.Context,
    *,
    service: OfService = None,
    status: Annotated[
        str, typer.Option(help="open, waiting, replayed or discarded.", metavar="STATUS")
    ] = "open",
    group: OfGroup = None,
    event: OfType = None,
    error: OfError = None,
    older_than: OlderThan = None,
    limit: Annotated[int, typer.Option(help="How many of each service.", min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first, with where each lies and why it failed.

    Examples:
    - `linkway ops dead-letters list`

    - `linkway ops dead-letters list --service outcomes --error NotFound --older-than 1h`
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

    if status not in _STATUSES:
        raise typer.BadParameter(f"--status is one of {', '.join(_STATUSES)}")
    params = {
        "status": status,
        "group": group,
        "type": event,
        "error": error,
        "older_than_seconds": read_age(older_than),
        "limit": limit,
    }

    answers, silent = run(
        context.obj(), lambda client: client.ask_all("/ops/dead-letters", params=params)
    )
    warn_of(silent)
    rows = [
        {"service": name, **each}
        for name, answer in answers.items()
        if service in (None, name)
        for each in answer["items"]
    ]
    if as_json:
        print_json(rows)
    elif rows:
        shown = table("id", "group", "event type", "set aside", "place", "error", "reason")
        for row in rows:
            place = f"{row['topic']}-{row['partition']}@{row['offset']}"
            held = " (later events of the key wait)" if row["blocks"] else ""
            shown.add_row(
                row["id"],
                row["group"],
                row["event_type"],
                clock(row["at"]),
                place,
                row["error"],
                f"{row['reason']}{held}",
            )
        console().print(shown)
    else:
        console().print(f"No dead letters that are {status}.")
    if silent:
        raise typer.Exit(COULD_NOT)


@dead_letters.command("show")
def show(
    context: typer.Context,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: headers, reason, the shape of its payload, what was done about it.

    Of the payload only names and kinds are shown; `unmask` shows the values.

    Example:
    - `linkway ops dead-letters show 7b1f6a52-2a86-5e3c-9f14-0d9c6a2e8b11`
    """
    from services.console.ops.choosing import find_letter
    from services.console.ops.screen import console, print_json, run

    service, letter = run(context.obj(), lambda client: find_letter(client, letter_id))
    if as_json:
        print_json({"service": service, **letter})
        return
    for line in _lines(service, letter):
        console().print(line, markup=False)


@dead_letters.command("unmask")
def unmask(
    context: typer.Context,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id.")],
    *,
    reason: Annotated[str, typer.Option(help="Why you must see the values; it is written down.")],
) -> None:
    """Show the payload of a dead letter as it was sent. Who looked, and why, is written down first.

    Example:
    - `linkway ops dead-letters unmask 7b1f6a52-… --reason "which field breaks the schema"`
    """
    from services.console.ops.choosing import find_letter
    from services.console.ops.client import Client
    from services.console.ops.screen import print_json, run

    async def ask(client: Client) -> Any:
        service, _ = await find_letter(client, letter_id)
        path = f"/ops/dead-letters/{letter_id}/unmask"
        return await client.ask(service, path, method="POST", body={"reason": reason})

    print_json(run(context.obj(), ask)["payload"])


def _lines(service: str, letter: dict[str, Any]) -> list[str]:
    from services.console.ops.screen import clock

    place = f"{letter['topic']} partition {letter['partition']} offset {letter['offset']}"
    waiting = letter["in_line"] - 1
    held = f"{waiting} later events of the key wait for it" if letter["blocks"] else "holds none"
    lines = [
        f"letter     {letter['id']} ({letter['status']})",
        f"service    {service}, group {letter['group']}",
        f"record     {place}",
        f"event      {letter['event_type']} {letter['event_id'] or ''}",
        f"set aside  {clock(letter['at'])}, after {letter['attempts']} attempts",
        f"error      {letter['error']}: {letter['reason']}",
        f"line       {held if letter['status'] == 'open' else letter['status']}",
        f"a replay   {letter['would']}",
        "headers",
        *(f"  {name}: {value}" for name, value in letter["headers"]),
        "payload, values masked",
        *(f"  {line}" for line in json.dumps(letter["payload"], indent=2).splitlines()),
    ]
    if letter["acts"]:
        lines.append("what was done")
    for act in letter["acts"]:
        why = f": {act['reason']}" if act["reason"] else ""
        lines.append(f"  {clock(act['at'])} {act['kind']} by {act['by']}{why}")
    return lines
