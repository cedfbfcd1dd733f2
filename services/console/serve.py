"""`linkway serve`: one service in this process."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer


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
    import uvicorn
    from pydantic import ValidationError

    try:
        import_module(f"services.{service}.settings").Settings()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(str(step) for step in fault["loc"]).upper()
            typer.echo(f"LINKWAY_{name}: {fault['msg']}." if name else f"{fault['msg']}.", err=True)
        raise typer.Exit(2) from error
    uvicorn.run(
        f"services.{service}.app:create_app",
        factory=True,
        host=host,
        port=port,
        access_log=False,
        timeout_graceful_shutdown=20,
    )
