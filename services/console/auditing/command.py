"""The `linkway audit` group: where the services are, and its commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.console.auditing.archiving import archive
from services.console.auditing.searching import export, search
from services.console.auditing.verifying import verify
from services.console.issuer import TENANT
from services.console.ops.command import DEMO_FOLDER

if TYPE_CHECKING:
    from services.console.ops.client import Target

audit = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
audit.command("search")(search)
audit.command("export")(export)
audit.command("verify")(verify)
audit.command("archive")(archive)


@audit.callback()
def auditing(
    context: typer.Context,
    *,
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with a token of tenant_admin.", exists=True, dir_okay=False),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="The folder of a running demo.", file_okay=False)
    ] = DEMO_FOLDER,
    tenant: Annotated[
        str, typer.Option(help="The tenant to look at, where the demo's key signs the token.")
    ] = TENANT,
) -> None:
    """See who read and wrote what about whom, and whether a line was tampered with.

    `search` and `export` ask the services, at LINKWAY_REFERRAL_URL and so on or at a demo that
    runs, with the token of --token-file, of LINKWAY_TOKEN, or one made with the demo's key; it must
    be of the role tenant_admin. `verify` and `archive` look at the databases themselves, by
    LINKWAY_MONGO_URI, so that nobody has to believe the services.
    """

    def target() -> Target:
        import os

        from services.console.addresses import SERVICES
        from services.console.ops.client import find_target

        return find_target(
            folder=folder,
            urls={name: os.environ.get(f"LINKWAY_{name.upper()}_URL") for name in SERVICES},
            token_file=token_file,
            tenant=tenant,
            role="tenant_admin",
        )

    context.obj = target
