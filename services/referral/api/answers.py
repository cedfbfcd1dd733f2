"""Answering a referral by a link: the address for whoever sends it, and the pages behind it."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.referral import handlers
from services.referral.api import answer_pages
from services.referral.api.access import Kept
from services.referral.api.fields import Id
from services.referral.domain.answers import PURPOSE
from services.referral.settings import Settings
from services.referral.store import Stores
from shared.clock import Clock
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.links import Links, Read
from shared.web import CauseOf, pages

router = APIRouter(tags=["answers"])


class LinkReceipt(BaseModel):
    """An address at which the provider answers without an account, and until when it serves."""

    url: str
    expires_at: datetime


@router.post("/referrals/{referral_id}/answer-links", status_code=201, response_model=LinkReceipt)
async def make_link(referral_id: Id, cause: CauseOf, stores: Kept, request: Request) -> LinkReceipt:
    """Make a link by which the provider answers.

    For a message to them and to no one else. Whoever holds it acts for the provider in this one
    referral: accepts, declines, asks, records attendance. 409 where no answer is expected any more.
    Each call makes another link.
    """
    settings: Settings = request.app.state.settings
    link = await handlers.make_link(
        stores, _links(request), referral_id, cause, holds=settings.answer_link_lifetime
    )
    return LinkReceipt(url=link.url, expires_at=link.expires_at)


@router.get("/answers/{token}", include_in_schema=False)
async def see(token: str, stores: Kept, request: Request) -> Response:
    """What the provider may see of the referral, with what it may do; reading changes nothing."""
    try:
        read = _links(request).read(token, PURPOSE, _now(request))
        return await _page(stores, read, request)
    except NotFound:
        return await _no_link(stores, request, token)


@router.post("/answers/{token}", include_in_schema=False)
async def act(token: str, stores: Kept, request: Request) -> Response:
    """Do what the form says; sent again, it changes nothing and shows what was answered."""
    now = _now(request)
    try:
        read = _links(request).read(token, PURPOSE, now)
        form = await pages.read_form(request)
        await handlers.answer_by_link(stores, read, form, now)
    except NotFound:
        return await _no_link(stores, request, token)
    except (Conflict, Forbidden, Invalid) as refused:
        return await _page(stores, read, request, refused=refused)
    return await _page(stores, read, request, done=True)


async def _page(
    stores: Stores,
    read: Read,
    request: Request,
    *,
    refused: Conflict | Forbidden | Invalid | None = None,
    done: bool = False,
) -> Response:
    seen = await handlers.look_by_link(stores, read, _now(request))
    return answer_pages.referral(seen, _now(request), refused=refused, done=done)


async def _no_link(stores: Stores, request: Request, token: str) -> Response:
    """A link that expired says whom to ask; any other that it cannot be used."""
    expired = handlers.read_expired(_links(request), token)
    if expired is None or expired.expires_at > _now(request):
        return pages.cannot_be_used()
    if _now(request) - expired.expires_at > _REMEMBERED:
        return pages.cannot_be_used()
    try:
        saved, _, _ = await handlers.look_by_link(stores, expired, _now(request))
    except NotFound:
        return pages.cannot_be_used()
    return answer_pages.expired(saved.state)


_REMEMBERED = timedelta(days=365)
"""How long after its end a link still says whom to ask."""


def _links(request: Request) -> Links:
    links: Links = request.app.state.links
    return links


def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock.now()
