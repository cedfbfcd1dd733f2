"""The page behind the link in a confirmation mail: no account is needed to confirm an address."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from services.notifications import handlers
from services.notifications.api.access import Kept
from services.notifications.subscription_mail import CONFIRM
from shared.errors import Conflict, Invalid, NotFound
from shared.links import Links
from shared.web import pages

router = APIRouter(include_in_schema=False)

_ASKING = """
<p>Linkway was asked to send messages about referrals to your e-mail address. They hold no
personal details.</p>
<p>If you did not expect this, close the page: nothing will be sent.</p>
{{ forms.form("Yes, send messages to this address") }}
"""
_DONE = "<p>Messages about referrals will be sent to your address from now on.</p>"


@router.get(f"/{CONFIRM}/{{token}}", response_class=HTMLResponse)
async def ask_to_confirm(token: str, stores: Kept, request: Request) -> HTMLResponse:
    """What the link would do; reading it changes nothing."""
    links: Links = request.app.state.links
    try:
        found = await handlers.subscription_of_link(
            stores, links.read(token, CONFIRM, datetime.now(UTC))
        )
    except NotFound:
        return pages.cannot_be_used()
    if found.state.status == "active":
        return pages.render(_DONE, title="Confirmed")
    return pages.render(_ASKING, title="Confirm your address")


@router.post(f"/{CONFIRM}/{{token}}", response_class=HTMLResponse)
async def confirm_by_link(token: str, stores: Kept, request: Request) -> HTMLResponse:
    """Confirm the address the link was sent to."""
    links: Links = request.app.state.links
    now = datetime.now(UTC)
    try:
        await handlers.confirm_by_link(stores, links.read(token, CONFIRM, now), now)
    except (NotFound, Conflict, Invalid):
        return pages.cannot_be_used()
    return pages.render(_DONE, title="Confirmed")
