"""`linkway serve`: one service in this process."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_settings import SettingsError


class Service(StrEnum):
    """The services there are."""

    REFERRAL = "referral"
    DIRECTORY = "directory"
    OUTCOMES = "outcomes"
    NOTIFICATIONS = "notifications"


def serve(
    service: Annotated[Service, typer.Argument(help="Which service.")],
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Run one service until it is stopped; it reads its settings from LINKWAY_ variables.

    Example:
    - `LINKWAY_MONGO_URI=… LINKWAY_KAFKA_BOOTSTRAP=… LINKWAY_JWKS=… LINKWAY_ISSUER=… linkway serve
      referral --port 8001`
    """
    from shared.web.running import run_application

    if faults := faults_in(service):
        typer.echo("\n".join(faults), err=True)
        raise typer.Exit(2)
    run_application(f"services.{service}.app:create_app", host=host, port=port)


def faults_in(service: Service) -> list[str]:
    """What is wrong with the settings in the environment, without any value; empty if nothing."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        import_module(f"services.{service}.settings").Settings()
    except (SettingsError, ValidationError) as error:
        return faults_of(error)
    return []


def faults_of(error: SettingsError | ValidationError) -> list[str]:
    """What is wrong with settings, variable by variable, without any value."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return [f"{error}."]
    return [
        f"{_variable(fault['loc'])}{fault['msg']}."
        for fault in error.errors(include_input=False, include_url=False)
        if fault["type"] != "default_factory_not_called"
    ]


def _variable(location: tuple[int | str, ...]) -> str:
    return f"LINKWAY_{'_'.join(map(str, location)).upper()}: " if location else ""
