"""`linkway ops parts`: the collections and consumer groups there are."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def parts(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Name each service's collections and consumer groups, as MongoDB and Kafka know them.

    Example:
    - `linkway ops parts --json`
    """
    from services.console.ops.screen import (
        COULD_NOT,
        console,
        print_json,
        run,
        table,
        warn_of,
    )

    answers, silent = run(context.obj(), lambda client: client.ask_all("/ops/parts"))
    warn_of(silent)
    if as_json:
        print_json(answers)
    else:
        shown = table("service", "database", "collections", "consumer group", "listens to")
        for service, each in answers.items():
            kept = ", ".join(each["collections"])
            for number, group in enumerate(each["groups"] or [{"group": "", "topics": {}}]):
                first = (service, each["database"], kept) if number == 0 else ("", "", "")
                shown.add_row(*first, group["group"], ", ".join(group["topics"]))
        console().print(shown)
    if silent:
        raise typer.Exit(COULD_NOT)
