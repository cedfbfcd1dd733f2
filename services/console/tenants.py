"""`linkway tenants`: which organisations are a tenant's, by the directory's tree."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

_LEAVES = frozenset({"practice", "provider"})
"""Nothing stands below these."""
_SECONDS = 60.0


def list_tenants(
    *,
    board: Annotated[
        list[str], typer.Option(help="The ODS code of the tenant's board; may be repeated.")
    ],
    tenant: Annotated[str, typer.Option(help="The tenant, as Linkway's records have it.")],
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day, past or ahead; today unless given."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="A claims mapping to put it into, as `tenant_of`.", exists=True),
    ] = None,
    directory_url: Annotated[
        str, typer.Option(envvar="LINKWAY_DIRECTORY_URL", help="Where the directory answers.")
    ] = "http://127.0.0.1:8002",
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with a token of that tenant.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """List a tenant's organisations by the directory's tree: networks, practices, all below.

    Prints JSON of organisation and tenant, which a claims mapping takes as `tenant_of`; with
    --into it is put there instead, and what the mapping said of this tenant before goes. For
    issuers whose tokens name an organisation and no tenant, such as NHS CIS2.

    The token is read from --token-file or from the environment variable LINKWAY_TOKEN.

    Example:
    - `linkway tenants --board QXA --tenant icb-a --on 2026-04-01 --into deploy/identity/cis2.json`
    """
    import httpx

    secret = token_file.read_text().strip() if token_file else os.environ.get("LINKWAY_TOKEN")
    if not secret:
        raise typer.BadParameter("give --token-file, or set LINKWAY_TOKEN")
    with httpx.Client(
        base_url=directory_url,
        headers={"Authorization": f"Bearer {secret}"},
        timeout=_SECONDS,
        trust_env=False,
    ) as http:
        try:
            found = sorted({each for top in board for each in _below(http, top, on)})
        except httpx.HTTPError as error:
            typer.echo(f"The directory did not answer as it should: {error}", err=True)
            raise typer.Exit(1) from error
    table = dict.fromkeys(found, tenant)
    if into is None:
        typer.echo(json.dumps(table, indent=2))
        return
    mapping = json.loads(into.read_text(encoding="utf-8"))
    others = {k: v for k, v in mapping.get("tenant_of", {}).items() if v != tenant}
    mapping["tenant_of"] = {**others, **table}
    into.write_text(json.dumps(mapping, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"{len(table)} organisations of {tenant} are in {into}.")


def _below(http: Any, board: str, on: date | None) -> Iterator[str]:
    """The board and all below it; each once, also where the tree comes round."""
    seen: set[str] = set()
    waiting = [(board, "")]
    while waiting:
        each, kind = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        yield each
        if kind in _LEAVES:
            continue
        asked = {"on": f"{on:%Y-%m-%d}"} if on else {}
        answer = http.get(f"/organisations/{each}/place", params=asked)
        answer.raise_for_status()
        waiting.extend((below["id"], below["kind"]) for below in answer.json()["below"])
