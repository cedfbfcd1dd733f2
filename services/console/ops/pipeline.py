"""`linkway ops pipeline`: what waits at each step, and whether it moves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from services.console.ops.parts import AsJson

_EVERY = 3.0


def pipeline(
    context: typer.Context,
    *,
    partitions: Annotated[
        bool, typer.Option("--partitions", help="Show every partition, not only groups and topics.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it anew every few seconds, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what waits in the pipeline, and judge each consumer over a sliding window.

    For each consumer group: records waiting, the age of the oldest of them, rates in and out, and
    whether it is ok, rewound (applies again what it had applied), stalled (holds its partitions and
    finishes nothing) or stopped (nobody holds them). Then what waits in the outboxes, what should
    have been worked on by now, and the messages to each organisation.

    Ends with status 1 where a consumer is not ok or a service does not answer.

    Examples:
    - `linkway ops pipeline`

    - `linkway ops pipeline --watch`

    - `linkway ops pipeline --json | jq '.outcomes.groups[].lag'`
    """
    from services.console.ops.client import Client
    from services.console.ops.screen import FOUND_WRONG, console, print_json, run, warn_of

    async def ask(client: Client) -> tuple[dict[str, Any], dict[str, str]]:
        return await client.ask_all("/ops/pipeline")

    target = context.obj()
    answers, silent = run(target, ask)
    if watch and not as_json:
        from rich.console import Group
        from rich.live import Live

        with Live(console=console(), auto_refresh=False) as live:
            while True:
                shown = shown_pipeline(answers, silent, partitions=partitions)
                live.update(Group(*shown), refresh=True)
                time.sleep(_EVERY)
                answers, silent = run(target, ask)
    if as_json:
        warn_of(silent)
        print_json(answers)
    else:
        for each in shown_pipeline(answers, silent, partitions=partitions):
            console().print(each)
    if silent or any(each["status"] != "ok" for each in answers.values()):
        raise typer.Exit(FOUND_WRONG)


def shown_pipeline(
    answers: Mapping[str, Any], silent: Mapping[str, str], *, partitions: bool
) -> list[Any]:
    """The tables, and a line for each service that gave no answer."""
    shown: list[Any] = [f"[red]{reason}[/]" for reason in silent.values()]
    shown += [
        f"[yellow]{service} could not ask Kafka: {each['kafka']} "
        f"Last looked at {each['sampled_at'] or 'never'}.[/]"
        for service, each in answers.items()
        if each["kafka"] != "ok"
    ]
    shown.append(_groups(answers))
    if partitions:
        shown.append(_partitions(answers))
    shown += [
        f"[red]{part['topic']}-{part['partition']} for {group['group']}: {part['reason']}.[/]"
        for each in answers.values()
        for group in each["groups"]
        for part in group["partitions"]
        if part["status"] != "ok"
    ]
    return [*shown, "", *_waiting(answers)]


def _groups(answers: Mapping[str, Any]) -> Any:
    from services.console.ops.screen import age, table

    shown = table("service", "group", "status", "#waiting", "oldest", "#in/s", "#out/s", "#members")
    for service, each in answers.items():
        for group in each["groups"]:
            shown.add_row(
                service,
                group["group"],
                _status(group["status"]),
                f"{group['lag']:,}",
                age(group["oldest_unprocessed_seconds"]),
                f"{group['rate_in']:,.1f}",
                f"{group['rate_out']:,.1f}",
                str(len(group["members"])),
            )
    return shown


def _partitions(answers: Mapping[str, Any]) -> Any:
    from services.console.ops.screen import age, table

    shown = table(
        "group", "partition", "status", "#committed", "#end", "#waiting", "oldest", "held by", "why"
    )
    for each in answers.values():
        for group in each["groups"]:
            holders = {
                name: member["client"] or member["id"]
                for member in group["members"]
                for name in member["partitions"] or ()
            }
            for part in group["partitions"]:
                name = f"{part['topic']}-{part['partition']}"
                shown.add_row(
                    group["group"],
                    name,
                    _status(part["status"]),
                    f"{part['committed_offset']:,}",
                    f"{part['end_offset']:,}",
                    f"{part['lag']:,}",
                    age(part["oldest_unprocessed_seconds"]),
                    holders.get(name, ""),
                    part["reason"],
                )
    return shown


def _waiting(answers: Mapping[str, Any]) -> list[Any]:
    from services.console.ops.screen import age, table

    works = table("service", "collection", "what", "#waiting", "oldest")
    rows = 0
    for service, each in answers.items():
        for outbox in each["outbox"]:
            if outbox["pending"]:
                rows += 1
                works.add_row(
                    service,
                    outbox["collection"],
                    "records with events not yet on Kafka",
                    f"{outbox['pending']:,}",
                    age(outbox["oldest_unsent_seconds"]),
                )
        for due in each["due"]:
            if due["overdue"]:
                rows += 1
                works.add_row(
                    service,
                    due["collection"],
                    "clocks or attempts overdue",
                    f"[yellow]{due['overdue']:,}[/]",
                    age(due["oldest_seconds"]),
                )
    shown: list[Any] = [works] if rows else ["Nothing waits in the outboxes, nothing is overdue."]
    return [*shown, *_messages(answers)]


def _messages(answers: Mapping[str, Any]) -> list[Any]:
    from services.console.ops.screen import age, table

    found = [each for answer in answers.values() for each in answer["messages"]]
    if not found:
        return ["No message waits to be delivered."]
    shown = table("messages to", "#waiting", "#of them failing", "#given up, last day", "oldest")
    for each in sorted(found, key=lambda each: (-each["failing"], -each["waiting"])):
        failing = f"{each['failing']:,}"
        shown.add_row(
            each["organisation_id"],
            f"{each['waiting']:,}",
            f"[red]{failing}[/]" if each["failing"] else failing,
            f"{each['given_up_last_day']:,}",
            age(each["oldest_seconds"]),
        )
    return ["", shown]


def _status(status: str) -> str:
    return f"[{'green' if status == 'ok' else 'red'}]{status}[/]"
