"""Which dead letters a command means, in which services."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.console.ops.client import Client

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}


def read_age(text: str | None) -> float | None:
    """A length of time such as ``90s``, ``15min``, ``2h`` or ``3d``, in seconds."""
    if text is None:
        return None
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter("say how long as 90s, 15min, 2h or 3d")
    return float(found[1]) * _SECONDS[found[2]]


OfService = Annotated[str | None, typer.Option("--service", help="Only of this service.")]
OfGroup = Annotated[str | None, typer.Option("--group", help="Only of this consumer group.")]
OfType = Annotated[str | None, typer.Option("--type", help="Only of this event type.")]
OfError = Annotated[str | None, typer.Option("--error", help="Only with this class of error.")]
OlderThan = Annotated[
    str | None,
    typer.Option("--older-than", help="Only set aside so long ago: 90s, 15min, 2h, 3d."),
]


def chosen(
    ids: Sequence[str], group: str | None, event: str | None, error: str | None, older: str | None
) -> dict[str, Any]:
    """The filter as the operations API takes it; an empty one means all."""
    stated = {
        "ids": list(ids) or None,
        "group": group,
        "type": event,
        "error": error,
        "older_than_seconds": read_age(older),
    }
    return {name: value for name, value in stated.items() if value is not None}


async def find_letter(client: Client, letter_id: str) -> tuple[str, Any]:
    """The service that keeps this letter, and the letter. Raises Refused where none does."""
    from services.console.ops.client import Refused

    answers, silent = await client.ask_all(f"/ops/dead-letters/{letter_id}")
    if not answers:
        raise Refused("\n".join(silent.values()))
    return next(iter(answers.items()))


async def foreseen(
    client: Client, service: str | None, filter_: Mapping[str, Any]
) -> dict[str, Any]:
    """What a repair would do in each service that has any such letters."""
    services = [service] if service else list(client.services)
    found: dict[str, Any] = {}
    for each in services:
        told = await client.ask(each, "/ops/dead-letters/foresee", method="POST", body=filter_)
        if told["total"]:
            found[each] = told
    return found
