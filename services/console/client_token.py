"""A token for a command that nobody runs by hand: asked for with client credentials."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import typer
from pydantic import Field, SecretStr, ValidationError

from services.console.issuer import TENANT
from shared.errors import Unavailable
from shared.identity.clients import ClientTokens
from shared.settingfiles import LinkwaySettings

_SECONDS = 10


class ConsoleClient(LinkwaySettings):
    """The console's own client at the issuer, and the tenant it acts in."""

    token_url: str | None = Field(
        None, pattern=r"^https?://", description="The issuer's token endpoint."
    )
    client_id: str = Field("console", description="The client to ask as.")
    client_secret: SecretStr | None = Field(None, description="Its secret.")
    tenant: str = Field(TENANT, min_length=1, description="The tenant to act in.")


def client_token() -> str | None:
    """A token by LINKWAY_TOKEN_URL and its companions; None where they are not set.

    Raises typer.BadParameter where they do not fit, or the issuer gives no token.
    """
    try:
        own = ConsoleClient.model_validate({})
    except ValidationError as wrong:
        named = ", ".join(f"LINKWAY_{str(each['loc'][0]).upper()}" for each in wrong.errors())
        raise typer.BadParameter(f"not as it must be: {named}") from None
    if own.token_url is None:
        return None
    if own.client_secret is None:
        raise typer.BadParameter("LINKWAY_TOKEN_URL needs LINKWAY_CLIENT_SECRET, or its _FILE")
    tokens = ClientTokens(
        token_url=own.token_url,
        client_id=own.client_id,
        client_secret=own.client_secret,
        timeout=timedelta(seconds=_SECONDS),
    )
    try:
        return asyncio.run(tokens.token(own.tenant))
    except Unavailable as silent:
        raise typer.BadParameter(f"{silent.detail} ({own.token_url})") from silent
