"""`linkway issuer` and `linkway token`: the development issuer, for those who try Linkway out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.errors import Forbidden

TENANT = "icb-demo"
"""The tenant of demonstrations and tests."""

Folder = Annotated[Path, typer.Option(help="Where the key is kept.", file_okay=False)]


def make_issuer(*, folder: Folder) -> None:
    """Make the development issuer's key and its public key set, once.

    Writes `issuer.pem`, the key, and `jwks.json`, which services read through LINKWAY_JWKS. A
    key that is there is kept. Never for production.
    """
    from shared.devissuer import KEY_FILE, DevIssuer

    found = (folder / KEY_FILE).exists()
    try:
        keys = DevIssuer(folder).write_jwks(folder / "jwks.json")
    except Forbidden as refused:
        raise _stop(refused.detail) from refused
    typer.echo(f"{'Kept' if found else 'Made'} the key in {folder}; the public keys are in {keys}.")


def print_token(
    *,
    folder: Folder,
    role: Annotated[str, typer.Option(help="Such as referrer, link_worker, provider, operations.")],
    organisation: Annotated[str, typer.Option(help="An ODS code or the id of an organisation.")],
    tenant: Annotated[str, typer.Option(help="The integrated care board.")] = TENANT,
    subject: Annotated[
        str | None, typer.Option(help="The opaque id of a person; by default one is made up.")
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            help="Make it a partner's token held to these scopes, such as `referrals:write`."
        ),
    ] = None,
) -> None:
    """Print a bearer token of the development issuer, good for a day.

    Example:
    - `curl -H "Authorization: Bearer $(linkway token --folder .linkway/demo --role operations
      --organisation icb)" http://127.0.0.1:8001/referrals`
    """
    from shared.devissuer import KEY_FILE, DevIssuer

    if not (folder / KEY_FILE).exists():
        raise _stop(f"{folder} holds no key: make one with `linkway issuer --folder {folder}`.")
    try:
        token = DevIssuer(folder).issue(
            subject=subject or f"{role}-of-{organisation}",
            role=role,
            organisation=organisation,
            tenant=tenant,
            lifetime=timedelta(days=1),
            client=None if scope is None else subject or f"partner-{organisation}",
            scope=scope,
        )
    except Forbidden as refused:
        raise _stop(refused.detail) from refused
    typer.echo(token)


def _stop(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(2)
