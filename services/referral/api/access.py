"""What the routes of this service share: what is kept, and how a command is carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.responses import Response

from services.referral import handlers
from services.referral.api.fields import Id
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


class _Receipt(Protocol):
    """The small answer to a command, of whichever record."""

    version: int

    def model_dump_json(self) -> str:
        """It as it is sent."""


Changing = Annotated[Change, Depends(_change)]
"""The command this request gives."""


def answer(receipt: _Receipt, status: int = 200, *, location: str | None = None) -> Response:
    """A receipt as a response, with ``ETag`` and, for something new, ``Location``."""
    headers = {"ETag": etag(receipt.version)}
    if location is not None:
        headers["Location"] = location
    return Response(receipt.model_dump_json(), status, headers, "application/json")
