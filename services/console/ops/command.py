"""The `linkway ops` group: where the services are, and the commands of each part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.console.issuer import TENANT
from services.console.ops.dead_letters import dead_letters
from services.console.ops.parts import parts
from services.console.ops.pipeline import pipeline
from services.console.ops.rebuild import rebuild
from services.console.ops.reconcile import reconcile
from services.console.ops.trace import trace

if TYPE_CHECKING:
    from services.console.ops.client import Target

DEMO_FOLDER = Path(".linkway/demo")
"""Where `make demo` keeps what it needs."""

ops = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
ops.command("trace")(trace)
ops.command("pipeline")(pipeline)
ops.command("reconcile")(reconcile)
ops.command("parts")(parts)
ops.add_typer(dead_letters, name="dead-letters")
ops.command("rebuild")(rebuild)


@ops.callback()
def operations(
    context: typer.Context,
    *,
    referral_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_REFERRAL_URL", help="Where referral answers.")
    ] = None,
    directory_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_DIRECTORY_URL", help="Where directory answers.")
    ] = None,
    outcomes_url: Annotated[
        str | None, typer.Option(envvar="LINKWAY_OUTCOMES_URL", help="Where outcomes answers.")
    ] = None,
    notifications_url: Annotated[
        str | None,
        typer.Option(envvar="LINKWAY_NOTIFICATIONS_URL", help="Where notifications answers."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with a token of operations.", exists=True, dir_okay=False),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="The folder of a running demo.", file_okay=False)
    ] = DEMO_FOLDER,
    tenant: Annotated[
        str, typer.Option(help="The tenant to look at, where the demo's key signs the token.")
    ] = TENANT,
) -> None:
    """See every event, find the one that is stuck, put it right.

    Addresses are taken from these options, from the environment, or from a demo that runs; the
    token from --token-file, from the environment variable LINKWAY_TOKEN, or made with the demo's
    key. It must be of the role operations.

    Every command takes `--json`, and ends with status 0 if all is well, with 1 if something is not,
    with 2 if that could not be told.
    """

    def target() -> Target:
        from services.console.ops.client import find_target

        return find_target(
            folder=folder,
            urls={
                "referral": referral_url,
                "directory": directory_url,
                "outcomes": outcomes_url,
                "notifications": notifications_url,
            },
            token_file=token_file,
            tenant=tenant,
        )

    context.obj = target
