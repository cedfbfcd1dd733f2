"""What the routes of this service share: the stores, and the answer to a command."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.referral.api.models import Receipt
from services.referral.store import Stores
from shared.web import etag


async def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


Kept = Annotated[Stores, Depends(_stores)]
"""What this service keeps."""


def answer(receipt: Receipt, status: int = 200, *, location: str | None = None) -> Response:
    """A receipt as a response, with ``ETag`` and, for something new, ``Location``."""
    headers = {"ETag": etag(receipt.version)}
    if location is not None:
        headers["Location"] = location
    return Response(receipt.model_dump_json(), status, headers, "application/json")
