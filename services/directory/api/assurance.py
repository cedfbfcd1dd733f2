"""Routes that keep listings fresh: confirming by hand and making links to confirm by."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel

from services.directory import handlers
from services.directory.api.models import Receipt
from services.directory.api.services import Held
from services.directory.domain import Id
from services.directory.settings import Settings
from shared.links import Links
from shared.web import CauseOf, IfMatch, etag

router = APIRouter(tags=["freshness"])


class ConfirmLink(BaseModel):
    """An address that shows the listing, with a button that confirms it."""

    url: str
    expires_at: AwareDatetime


@router.post(
    "/services/{service_id}/assure",
)
async def assure_service(
    *, service_id: Id, cause: CauseOf, if_match: IfMatch, stores: Held, response: Response
) -> Receipt:
    """Confirm that a listing is right.

    Sets `assured_date` to today; asking for confirmation begins anew from here. A provider confirms
    its own services, a curator any. 404 where the service is not the provider's, 409 where it is
    closed. Publishes `service-assured`.
    """
    saved = await handlers.assure_service(stores, service_id, cause, if_match)
    response.headers["ETag"] = etag(saved.version)
    return Receipt(
        id=service_id, version=saved.version, status=saved.receipt["status"], outcome="changed"
    )


@router.post(
    "/services/{service_id}/confirm-links",
    status_code=201,
)
async def make_confirm_link(
    service_id: Id, cause: CauseOf, stores: Held, request: Request
) -> ConfirmLink:
    """Make a link to confirm a listing by.

    For the message that asks the organisation: who holds the link needs no account. Another one
    each time; all of them hold for 30 days unless set otherwise, as long as the service is run by
    the same organisation. 404 where there is no such service.
    """
    links: Links = request.app.state.links
    settings: Settings = request.app.state.settings
    made = await handlers.make_confirm_link(
        stores, links, service_id, cause, settings.confirm_link_lifetime
    )
    return ConfirmLink(url=made.url, expires_at=made.expires_at)
