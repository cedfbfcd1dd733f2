"""`linkway ops trace`: the whole way of one referral across the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.ops.parts import AsJson

if TYPE_CHECKING:
    from services.console.ops.client import Client
    from services.console.ops.timeline import Line

_MOST_KEYS = 5


def trace(
    context: typer.Context,
    thing: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Of a referral, a case, a message, an event, a request or a trace.",
        ),
    ],
    *,
    around: Annotated[
        datetime | None,
        typer.Option(
            help="When it was, UTC: for the id of a request or a trace that does not tell its time."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the whole way of one thing across all services, and where it has gaps.

    Requests, facts stated, outboxes, where each event lies on Kafka, what each consumer applied
    and when, messages with every attempt, dead letters. What should have happened and did not is
    red. Only ids, types and times are shown, never what stands in a record.

    Ends with status 1 where there is a gap or nothing is found, with 2 where a service gives no
    answer.

    Examples:
    - `linkway ops trace 0195a3c0-0000-7000-8000-000000000001`

    - `linkway ops trace my-request-17 --around 2026-03-02T09:30:00 --json`
    """
    from services.console.ops.screen import (
        COULD_NOT,
        FOUND_WRONG,
        console,
        print_json,
        run,
        warn_of,
    )
    from services.console.ops.timeline import gaps, listeners, timeline

    moment = None if around is None else around.replace(tzinfo=UTC).isoformat()
    answers, silent = run(context.obj(), lambda client: _ask(client, thing, moment))
    lines = timeline(answers, now=datetime.now(UTC))
    missing = gaps(lines)
    passed = listeners(answers)
    if as_json:
        warn_of(silent)
        print_json(
            {
                "id": thing,
                "keys": sorted({key for each in answers.values() for key in each["keys"]}),
                "timeline": [asdict(line) for line in lines],
                "gaps": [asdict(line) for line in missing],
                "applied_by": passed,
                "services": answers,
                "silent": silent,
            }
        )
    else:
        for reason in silent.values():
            console().print(f"[red]{reason}[/]")
        _show(console(), thing, lines, answers, passed)
    if silent:
        raise typer.Exit(COULD_NOT)
    if missing or not lines:
        raise typer.Exit(FOUND_WRONG)


async def _ask(
    client: Client, thing: str, around: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Every service about the thing, and again about the cases it turns out to belong to."""
    answers, silent = await client.ask_all(f"/ops/trace/{thing}", params={"around": around})
    keys = sorted({key for each in answers.values() for key in each["keys"]} - {thing})
    for key in keys[:_MOST_KEYS]:
        more, silent = await client.ask_all(f"/ops/trace/{key}")
        for service, each in more.items():
            answers[service] = _merged(answers.get(service), each)
    return answers, silent


def _merged(one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> dict[str, Any]:
    """Two answers of a service about the same case, each line once."""
    if one is None:
        return dict(other)

    def both(part: str, *names: str) -> list[Any]:
        return list(
            {
                tuple(each[name] for name in names): each for each in (*one[part], *other[part])
            }.values()
        )

    return {
        "service": other["service"],
        "keys": sorted({*one["keys"], *other["keys"]}),
        "records": both("records", "collection", "id"),
        "published": both("published", "event_id"),
        "dead_letters": both("dead_letters", "group", "topic", "partition", "offset"),
        "positions": both("positions", "group", "topic", "partition"),
        "search": {
            "records_read": one["search"]["records_read"] + other["search"]["records_read"],
            "is_complete": one["search"]["is_complete"] and other["search"]["is_complete"],
            "fault": one["search"]["fault"] or other["search"]["fault"],
        },
    }


def _show(
    console: Any,
    thing: str,
    lines: list[Line],
    answers: Mapping[str, Any],
    passed: Mapping[str, Any],
) -> None:
    from services.console.ops.screen import clock, table

    if not lines:
        console.print(
            f"No service knows {thing}. If it is the id of a request or a trace, say by --around "
            "when it was; a request that changed nothing leaves only a log line."
        )
        return
    shown = table("when (UTC)", "service", "what", "")
    for line in lines:
        style = "red" if line.is_gap else None
        detail = line.detail
        if line.what.startswith("published") and passed.get(line.event_id or ""):
            detail += f"; passed by {', '.join(passed[line.event_id or ''])}"
        shown.add_row(clock(line.at), line.service, line.what, detail, style=style)
    console.print(shown)
    missing = [line for line in lines if line.is_gap]
    for service, each in answers.items():
        if each["search"]["fault"]:
            console.print(f"[yellow]{service} could not read Kafka: {each['search']['fault']}[/]")
        elif not each["search"]["is_complete"]:
            console.print(f"[yellow]{service} gave the search of its topic up at its bounds.[/]")
    if missing:
        console.print(f"\n[red]{len(missing)} of {len(lines)} lines are gaps:[/]")
        for line in missing:
            console.print(f"[red]  {line.service}: {line.what}: {line.detail}[/]")
    else:
        console.print(
            "\n[green]No gap: every fact is on Kafka and every listener has applied it.[/]"
        )
