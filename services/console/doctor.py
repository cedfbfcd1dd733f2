"""`linkway doctor`: whether everything Linkway depends on is as it must be, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.ops.command import DEMO_FOLDER
from services.console.ops.parts import AsJson
from services.console.serve import Service, faults_in

if TYPE_CHECKING:
    from services.console.ops.client import Client

_SKEW = 5.0
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
_BAD = 1


def doctor(
    *,
    local: Annotated[
        Service | None,
        typer.Option(help="Examine from here, by the settings in the environment, this service."),
    ] = None,
    referral_url: Annotated[str | None, typer.Option(envvar="LINKWAY_REFERRAL_URL")] = None,
    directory_url: Annotated[str | None, typer.Option(envvar="LINKWAY_DIRECTORY_URL")] = None,
    outcomes_url: Annotated[str | None, typer.Option(envvar="LINKWAY_OUTCOMES_URL")] = None,
    notifications_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_NOTIFICATIONS_URL")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with a token of operations.", exists=True, dir_okay=False),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="The folder of a running demo.", file_okay=False)
    ] = DEMO_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Examine what the services depend on, each from where it runs, and say what to do.

    Addresses, versions, replica set, majority writes, indexes, topics and how long they keep
    events, consumer groups, clocks, disk, rights, keys, settings. Each line is ok, warn or fail.
    Ends with status 1 where anything fails. For a service that does not start, use --local with
    its settings in the environment.

    Examples:
    - `linkway doctor`

    - `linkway doctor --json | jq '.referral.findings[] | select(.level == "fail")'`

    - `linkway doctor --local referral`
    """
    from services.console.ops.client import find_target
    from services.console.ops.screen import print_json, run

    if local is not None:
        answers = _from_here(local)
    else:
        urls = {
            "referral": referral_url,
            "directory": directory_url,
            "outcomes": outcomes_url,
            "notifications": notifications_url,
        }
        target = find_target(folder=folder, urls=urls, token_file=token_file, tenant="")
        answers = run(target, _from_there)
    if as_json:
        print_json(answers)
    else:
        _show(answers)
    if any(each["status"] == "fail" for each in answers.values()):
        raise typer.Exit(_BAD)


async def _from_there(client: Client) -> dict[str, Any]:
    """Every service's own examination; for one that gives none, why, and what to do."""
    answers, silent = await client.ask_all("/ops/doctor")
    now = datetime.now(UTC)
    for answer in answers.values():
        skew = abs((datetime.fromisoformat(answer["now"]) - now).total_seconds())
        if skew > _SKEW:
            answer["findings"].append(
                _finding(
                    "clock here",
                    "warn",
                    f"{skew:.0f} s between here and the service",
                    "set both clocks by NTP; the examination itself may have taken some seconds",
                )
            )
    for service, reason in silent.items():
        do = "see that it runs and its log; then `linkway doctor --local` with its settings"
        answers[service] = {
            "status": "fail",
            "findings": [_finding("service", "fail", reason, do)],
        }
    return answers


def _from_here(service: Service) -> dict[str, Any]:
    from shared.doctor import Doctor

    if faults := faults_in(service):
        findings = [_finding("settings", "fail", fault, "set the variable") for fault in faults]
        return {service.value: {"status": "fail", "findings": findings}}

    async def examine() -> list[dict[str, Any]]:
        app = import_module(f"services.{service}.app").create_app()
        own: Doctor = app.state.doctor
        try:
            return [finding.model_dump() for finding in await own.examine()]
        finally:
            await own.database.close()

    found = asyncio.run(examine())
    levels = [finding["level"] for finding in found]
    status = next((level for level in ("fail", "warn") if level in levels), "ok")
    return {service.value: {"status": status, "findings": found}}


def _finding(name: str, level: str, said: str, do: str) -> dict[str, str]:
    return {"name": name, "level": level, "said": said, "do": do}


def _show(answers: Mapping[str, Any]) -> None:
    from rich.text import Text

    from services.console.ops.screen import console, table

    shown = table("service", "what", "", "found", "what to do")
    for service, answer in answers.items():
        for number, each in enumerate(answer["findings"]):
            shown.add_row(
                service if number == 0 else "",
                each["name"],
                Text(each["level"].upper(), style=_COLOURS[each["level"]]),
                Text(each["said"]),
                Text(each["do"]),
            )
    console().print(shown)
