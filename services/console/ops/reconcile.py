"""`linkway ops reconcile`: accepted = published = applied, and the ids where not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.ops.parts import AsJson

if TYPE_CHECKING:
    from services.console.ops.client import Client

_MEANS = {
    "not-published": "stated by a record, and neither on Kafka nor in an outbox",
    "not-accepted": "on Kafka, and stated by no record",
    "not-applied": "on Kafka, and not reached by",
    "without-effect": "passed, and what it should have led to is not there, in",
}
_NAMED = 20
_MOST_SECONDS = 600.0
"""A service takes some minutes to read all that happened in a busy week."""


def reconcile(
    context: typer.Context,
    *,
    hours: Annotated[float, typer.Option(help="How far back, in hours.", min=0.01, max=168)] = 1.0,
    until: Annotated[
        datetime | None, typer.Option(help="Up to when, UTC. Default: ten seconds ago.")
    ] = None,
    kept: Annotated[
        bool,
        typer.Option(
            "--kept", help="Read what the services compared by themselves; compare nothing now."
        ),
    ] = False,
    by_hour: Annotated[
        bool, typer.Option("--by-hour", help="Show each hour in a line of its own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what was accepted, published and applied, event by event.

    Accepted is what the services' records state, published what lies on Kafka, applied what each
    consumer group has passed; where a service can look for what an event should have led to, it
    does. Events that are not everywhere they should be are named by id: follow one with `linkway
    ops trace`. The services do this by themselves every few minutes (`--kept` shows it).

    Ends with status 1 where something differs, with 2 where it could not all be compared.

    Examples:
    - `linkway ops reconcile --hours 24`

    - `linkway ops reconcile --kept --json | jq '.referral.differences'`
    """
    from services.console.ops.screen import (
        COULD_NOT,
        FOUND_WRONG,
        console,
        print_json,
        run,
        warn_of,
    )

    end = until.replace(tzinfo=UTC) if until else datetime.now(UTC) - timedelta(seconds=10)
    window = {"since": (end - timedelta(hours=hours)).isoformat(), "until": end.isoformat()}
    if kept:
        answers, silent = run(context.obj(), lambda client: client.ask_all("/ops/reconciled"))
    else:
        answers, silent = run(context.obj(), lambda client: _compare(client, window, console()))
    if as_json:
        warn_of(silent)
        print_json(answers)
    else:
        for reason in silent.values():
            console().print(f"[red]{reason}[/]")
        for each in shown_reconciliation(answers, by_hour=by_hour):
            console().print(each)
    incomplete = [service for service, each in answers.items() if not each["is_complete"]]
    if silent or incomplete:
        raise typer.Exit(COULD_NOT)
    if any(each["differences"] for each in answers.values()):
        raise typer.Exit(FOUND_WRONG)


async def _compare(
    client: Client, window: Mapping[str, str], screen: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    """All services at once, with a line of progress on a terminal."""
    if not screen.is_terminal:
        return await compare(client, window)
    with screen.status("Reading records and topics …"):
        return await compare(client, window)


async def compare(
    client: Client, window: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Every service's comparison of a window, and why each of the others has none."""
    return await client.ask_all("/ops/reconcile", params=window, seconds=_MOST_SECONDS)


def shown_reconciliation(answers: Mapping[str, Any], *, by_hour: bool) -> list[Any]:
    """One table of pairs, what differs, and a sentence that says whether anything does."""
    from services.console.ops.screen import table

    shown = table(
        "from", "to", *(["hour"] if by_hour else []), "#accepted", "#published", "#passed"
    )
    for service, each in answers.items():
        for hour, (accepted, published) in _facts(each, by_hour=by_hour).items():
            shown.add_row(
                service,
                "Kafka",
                *_hour(hour, by_hour=by_hour),
                f"{accepted:,}",
                f"{published:,}",
                "",
            )
        for (topic, group, hour), (published, passed) in _applied(each, by_hour=by_hour).items():
            shown.add_row(
                topic, group, *_hour(hour, by_hour=by_hour), "", f"{published:,}", f"{passed:,}"
            )
    lines: list[Any] = [shown, ""]
    for service, each in answers.items():
        if each["fault"]:
            lines.append(f"[yellow]{service} could not compare: {each['fault']}[/]")
        elif not each["is_complete"]:
            lines.append(f"[yellow]{service} reached its bounds: ask for a shorter time.[/]")
        lines += [_difference(service, found) for found in each["differences"]]
    differ = sum(found["count"] for each in answers.values() for found in each["differences"])
    waiting = sum(each["waiting"] for each in answers.values())
    repeated = sum(each["repeated"] for each in answers.values())
    also = f" {waiting:,} wait in outboxes; {repeated:,} records on Kafka repeat an event."
    lines.append(
        f"[red]{differ:,} events are not everywhere they should be.[/]{also}"
        if differ
        else f"[green]All counts agree.[/]{also}"
    )
    return lines


def _difference(service: str, found: Mapping[str, Any]) -> str:
    where = f" {found['group']}" if found["group"] else ""
    named = ", ".join(found["event_ids"][:_NAMED])
    more = found["count"] - min(_NAMED, len(found["event_ids"]))
    return (
        f"[red]{service}: {found['count']:,} {found['type']} of {found['hour'][:13]}h "
        f"{_MEANS[found['kind']]}{where}:[/] {named}{f' and {more:,} more' if more else ''}"
    )


def _facts(answer: Mapping[str, Any], *, by_hour: bool) -> Mapping[str, tuple[int, int]]:
    accepted, published = Counter[str](), Counter[str]()
    for each in answer["facts"]:
        hour = each["hour"] if by_hour else ""
        accepted[hour] += each["accepted"]
        published[hour] += each["published"]
    return {hour: (accepted[hour], published[hour]) for hour in sorted({*accepted, *published})}


def _applied(
    answer: Mapping[str, Any], *, by_hour: bool
) -> Mapping[tuple[str, str, str], tuple[int, int]]:
    published, passed = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
    for each in answer["applied"]:
        key = (each["topic"], each["group"], each["hour"] if by_hour else "")
        published[key] += each["published"]
        passed[key] += each["passed"]
    return {key: (published[key], passed[key]) for key in sorted(published)}


def _hour(hour: str, *, by_hour: bool) -> list[str]:
    return [hour[:13].replace("T", " ") + "h"] if by_hour else []
