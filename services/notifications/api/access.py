"""What the routes of this service share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import StringConstraints

from services.notifications.guard import Guard
from services.notifications.keyring import Keyring
from services.notifications.store import Stores

Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


async def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


async def _guard(request: Request) -> Guard:
    return Guard(allow_loopback=request.app.state.settings.webhook_allow_loopback)


async def _keyring(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.keyring
    return keyring


Kept = Annotated[Stores, Depends(_stores)]
"""What this service keeps."""

Guarded = Annotated[Guard, Depends(_guard)]
"""Which addresses may be sent to."""

Keys = Annotated[Keyring, Depends(_keyring)]
"""What makes and opens the keys that sign webhooks."""
