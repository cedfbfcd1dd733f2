"""What the routes of this service share: what is kept, and how a command is carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.referral import handlers
from services.referral.api.requests import Id
from services.referral.api.views import Receipt
from services.referral.domain.referral import Changed, Referral
from services.referral.store import Stores
from shared.cause import Cause
from shared.store import Saved
from shared.web import CauseOf, IfMatch, etag


async def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


Kept = Annotated[Stores, Depends(_stores)]
"""What this service keeps."""


@dataclass(frozen=True, slots=True)
class Change:
    """A command on one referral: which one, why, and on what version the sender decided."""

    referral_id: str
    cause: Cause
    if_match: int | None
    stores: Stores

    async def by(self, command: Callable[[Referral, Cause], Changed]) -> Saved[Referral]:
        """Carry it out by the rules of ``command``."""
        return await handlers.change(
            self.stores, self.referral_id, command, self.cause, if_match=self.if_match
        )


async def _change(referral_id: Id, cause: CauseOf, if_match: IfMatch, stores: Kept) -> Change:
    return Change(referral_id, cause, if_match, stores)


Changing = Annotated[Change, Depends(_change)]
"""The command this request gives."""


def answer(receipt: Receipt, status: int = 200, *, location: str | None = None) -> Response:
    """A receipt as a response, with ``ETag`` and, for something new, ``Location``."""
    headers = {"ETag": etag(receipt.version)}
    if location is not None:
        headers["Location"] = location
    return Response(receipt.model_dump_json(), status, headers, "application/json")
