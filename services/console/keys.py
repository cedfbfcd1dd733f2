"""`linkway keys`: master keys made and turned, by whoever runs a service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.store import DataKeys
    from shared.vault import VaultSettings

app = typer.Typer(no_args_is_help=True, help="Master keys, and the data keys they wrap.")


class Service(StrEnum):
    """The services that keep sealed fields."""

    REFERRAL = "referral"
    OUTCOMES = "outcomes"


Work = Callable[["DataKeys"], Awaitable[None]]
Which = Annotated[Service, typer.Argument(help="Whose data keys.")]


@app.command("new-master")
def new_master(
    file: Annotated[Path, typer.Argument(help="The file of master keys; made if it is not there.")],
    *,
    name: Annotated[str, typer.Option(help="What the key is called, such as the month.")],
) -> None:
    """Make a new master key in a file, to wrap data keys from now on.

    Old ones stay in the file until `linkway keys rewrap` has run for every service. Keep the file
    apart from the database's backups; who has both can read everything.

    Example:
    - `linkway keys new-master masters.json --name 2026-11`
    """
    from shared.vault.local import add_master_key

    try:
        add_master_key(file, name)
    except (ValueError, OSError) as error:
        typer.echo(f"No key was made: {error}.", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{file} holds the master key {name}. Restart the services that use the file.")


@app.command("status")
def status(service: Which) -> None:
    """Say how many data keys an older version of the master key wraps.

    It reads the service's settings from LINKWAY_ variables, as `linkway serve` does.

    Example:
    - `linkway keys status referral`
    """

    async def count(keys: DataKeys) -> None:
        newest, old = await keys.master.newest(), await keys.outdated()
        typer.echo(f"newest version: {newest}")
        typer.echo(f"data keys wrapped by an older one: {old:,}")

    _run(service, count)


@app.command("rewrap")
def rewrap(service: Which) -> None:
    """Wrap every data key with the newest version of the master key.

    It may be stopped and started again at any time; records themselves are not touched. After it,
    older versions may go. It reads the service's settings from LINKWAY_ variables.

    Examples:
    - `linkway keys rewrap referral`
    - with HashiCorp Vault or OpenBao: `vault write -f transit/keys/linkway/rotate`, then
      `linkway keys rewrap referral` and `linkway keys rewrap outcomes`
    """
    from rich.progress import Progress

    async def renew(keys: DataKeys) -> None:
        total, done = await keys.outdated(), 0
        with Progress(transient=True) as progress:
            task = progress.add_task("Wrapping data keys", total=total)
            async for count in keys.rewrap():
                done += count
                progress.update(task, completed=done)
        typer.echo(f"{done:,} data keys are wrapped by {await keys.master.newest()}.")

    _run(service, renew)


def _run(service: Service, work: Work) -> None:
    from pydantic import ValidationError

    from shared.errors import LinkwayError
    from shared.vault import KeyRefused

    try:
        settings: VaultSettings = import_module(f"services.{service}.settings").Settings()
        asyncio.run(_with_keys(settings, work))
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            typer.echo(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}.", err=True)
        raise typer.Exit(2) from None
    except (LinkwayError, KeyRefused, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


async def _with_keys(settings: VaultSettings, work: Work) -> None:
    from shared.store import Database, DataKeys

    database = Database.connect(
        settings.mongo_uri.get_secret_value(),
        settings.mongo_database,
        ca_file=settings.mongo_ca_file,
        certificate_file=settings.mongo_certificate_file,
    )
    keys = DataKeys(
        database.collection("person_keys"), settings.master_keys(), settings.blind_index
    )
    try:
        await work(keys)
    finally:
        await keys.close()
        await database.close()
