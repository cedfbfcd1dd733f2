"""Delivery receipts of GOV.UK Notify: how a text message or a letter went."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from services.notifications import handlers
from services.notifications.api.access import Kept
from services.notifications.carrying import read_reference
from services.notifications.notify import read_report
from services.notifications.settings import Settings
from shared.errors import Unauthenticated
from shared.web import JsonBody


class Receipt(BaseModel):
    """What Notify says of a message; to whom it went is not read."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {"reference": "icb-demo/0190c0de-0000-7000-8000-000000000001", "status": "sending"}
            ]
        },
    )

    reference: Annotated[str | None, Field(max_length=200)] = None
    status: Annotated[str, Field(max_length=64)]


_TOKEN = HTTPBearer(
    scheme_name="notify",
    description="The token that was agreed with GOV.UK Notify.",
    auto_error=False,
)


async def _from_notify(request: Request, _: Annotated[object, Depends(_TOKEN)]) -> None:
    """Raises Unauthenticated for all but the bearer token that Notify was given."""
    settings: Settings = request.app.state.settings
    known = settings.notify_callback_token
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_theirs = known is not None and hmac.compare_digest(
        known.get_secret_value().encode(), token.encode()
    )
    if scheme.lower() != "bearer" or not is_theirs:
        raise Unauthenticated("Send the bearer token that was agreed with GOV.UK Notify.")


router = APIRouter(tags=["messages to persons"], dependencies=[Depends(_from_notify)])


@router.post("/notify-callbacks", status_code=204)
async def take_receipt(
    body: Annotated[Receipt, JsonBody(Receipt)], request: Request, stores: Kept
) -> None:
    """Take a delivery receipt.

    For GOV.UK Notify: how a message went. One that is not ours, or told again, is let be.
    """
    found = read_reference(body.reference or "")
    if found is not None:
        tenant, message_id = found
        now = request.app.state.clock.now()
        await handlers.record_report(stores, message_id, tenant, read_report(body.status), now)
