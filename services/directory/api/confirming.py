"""The page behind a link to confirm a listing: for people, so not part of the API's contract."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.directory import handlers
from services.directory.api.services import Held
from services.directory.domain import Service
from shared.clock import Clock
from shared.errors import Conflict, NotFound
from shared.links import Links
from shared.telemetry import current_request
from shared.web import pages

router = APIRouter(include_in_schema=False)

_ASKING = """
<p>This is what people who are looking for help are told about <strong>{{ said.name }}</strong>,
run by {{ said.organization.name }}.</p>
<dl>
{% if said.description %}<dt>What it is</dt><dd>{{ said.description }}</dd>{% endif %}
{% for place in said.locations -%}
<dt>Where</dt>
<dd>{{ [place.name, place.address_1, place.city, place.postal_code] | select | join(", ") }}</dd>
{% endfor -%}
{% for each in said.schedules -%}
<dt>When</dt>
<dd>{{ [each.byday, each.opens_at, each.closes_at, each.description] | select | join(", ") }}</dd>
{% endfor -%}
{% if said.telephone %}<dt>Telephone</dt><dd>{{ said.telephone }}</dd>{% endif %}
{% if said.email %}<dt>E-mail</dt><dd>{{ said.email }}</dd>{% endif %}
{% if said.url %}<dt>Website</dt><dd>{{ said.url }}</dd>{% endif %}
<dt>Cost</dt>
<dd>{{ said.fees or {true: "Free", false: "Not free"}.get(said.is_free, "Not stated") }}</dd>
<dt>Last confirmed</dt>
<dd>{{ said.assured_date.strftime("%d %B %Y") if said.assured_date else "Never" }}</dd>
</dl>
{{ forms.form("Yes, all of this is right") }}
<p>If something is wrong, please do not press the button: tell whoever sent you this link.</p>
"""

_THANKS = """
<p>Thank you. Everyone can now see that <strong>{{ said.name }}</strong> was confirmed on
{{ said.assured_date.strftime("%d %B %Y") }}. You can close this page.</p>
"""

_CLOSED = """
<p><strong>{{ said.name }}</strong> is marked as closed, so there is nothing to confirm. Nothing
was changed. If it is open, tell whoever sent you this link.</p>
"""


@router.get("/confirm/{token}")
async def see_listing(token: str, stores: Held, request: Request) -> Response:
    """See a listing to confirm.

    What the listing says, with a button; opening the page confirms nothing.
    """
    links: Links = request.app.state.links
    try:
        saved = await handlers.see_listing_to_confirm(stores, links, token, _now(request))
    except NotFound:
        return pages.cannot_be_used()
    closed = saved.state.listing.status == "defunct"
    if closed:
        return _closed(saved.state)
    return pages.render(_ASKING, title="Is this still right?", said=saved.state.listing)


@router.post("/confirm/{token}")
async def confirm_listing(token: str, stores: Held, request: Request) -> Response:
    """Confirm a listing; pressed again, or sent again, it changes nothing more."""
    links: Links = request.app.state.links
    work = current_request()
    now = _now(request)
    try:
        saved = await handlers.confirm_listing(
            stores, links, token, now, work.traceparent if work else None
        )
    except NotFound:
        return pages.cannot_be_used()
    except Conflict:
        return _closed((await handlers.see_listing_to_confirm(stores, links, token, now)).state)
    return pages.render(_THANKS, title="Confirmed", said=saved.state.listing)


def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock.now()


def _closed(service: Service) -> Response:
    return pages.render(_CLOSED, title="This service is closed", status=409, said=service.listing)
