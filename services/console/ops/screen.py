"""What all `linkway ops` commands print by: tables for people, JSON for scripts."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from services.console.ops.client import Client, Refused, Target

T = TypeVar("T")

FOUND_WRONG, COULD_NOT = 1, 2
"""Exit statuses: something is not as it should be, and it could not be told."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def console() -> Console:
    """A console on standard output; wide enough for tables where that is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


def print_json(answer: Any) -> None:
    """One JSON document, as scripts read it."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False, default=str))


def run(target: Target, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do ``work`` with a client; ends the command with status 2 where a service refuses."""

    async def with_client() -> T:
        async with Client(target) as client:
            return await work(client)

    try:
        return asyncio.run(with_client())
    except Refused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(COULD_NOT) from refused


def warn_of(silent: Mapping[str, str]) -> None:
    """Tell on standard error which services gave no answer."""
    for reason in silent.values():
        typer.echo(reason, err=True)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the one style; a column whose name begins with ``#`` holds numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        number = column.startswith("#")
        made.add_column(
            column.removeprefix("#"), justify="right" if number else "left", overflow="fold"
        )
    return made


def age(seconds: float | None) -> str:
    """A length of time in two of its units, such as ``3 min 20 s``."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds else "0 s"
    whole = int(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def clock(time: str | datetime) -> str:
    """A time as the timeline shows it: day and time to the millisecond, UTC."""
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    return moment.strftime("%d %b %H:%M:%S.") + f"{moment.microsecond // 1000:03}"
