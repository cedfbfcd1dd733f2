"""What the privacy commands share: where the services are, and whose token asks them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.console.issuer import TENANT
from services.console.ops.command import DEMO_FOLDER

if TYPE_CHECKING:
    from services.console.ops.client import Target

TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="A file with your token; else the environment variable LINKWAY_TOKEN.",
        exists=True,
        dir_okay=False,
    ),
]
Folder = Annotated[Path, typer.Option(help="The folder of a running demo.", file_okay=False)]
ReferralUrl = Annotated[
    str | None, typer.Option(envvar="LINKWAY_REFERRAL_URL", help="Where referral answers.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

FOLDER = DEMO_FOLDER


def target_of(token_file: Path | None, folder: Path, **urls: str | None) -> Target:
    """Where the services are, and the token to ask with."""
    from services.console.ops.client import find_target

    return find_target(folder=folder, urls=urls, token_file=token_file, tenant=TENANT)
