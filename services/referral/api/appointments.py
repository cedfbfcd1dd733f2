"""Appointments of a referral over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.models import (
    AppointmentReceipt,
    Cancellation,
    Id,
    NewAppointment,
    Receipt,
)
from services.referral.domain import appointments
from services.referral.domain.referral import Referral
from shared.store import Saved
from shared.web import CauseOf, IfMatch, JsonBody, require_role

router = APIRouter(
    tags=["appointments"],
    dependencies=[Depends(require_role("link_worker", "team_lead", "provider"))],
)


@router.post(
    "/referrals/{referral_id}/appointments", status_code=201, response_model=AppointmentReceipt
)
async def book(
    referral_id: Id,
    body: Annotated[NewAppointment, JsonBody(NewAppointment)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Arrange a contact with the person."""
    appointment_id = cause.make_id("appointment")
    saved = await handlers.change(
        stores,
        referral_id,
        lambda referral, cause: appointments.book(
            referral, cause, appointment_id=appointment_id, start=body.start, mode=body.mode
        ),
        cause,
        if_match=if_match,
    )
    return answer(
        _receipt(saved, appointment_id, "booked"), 201, location=f"/referrals/{referral_id}"
    )


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/attend",
    response_model=AppointmentReceipt,
)
async def attend(
    referral_id: Id, appointment_id: Id, cause: CauseOf, if_match: IfMatch, stores: Kept
) -> Response:
    """The person came."""
    saved = await handlers.change(
        stores,
        referral_id,
        lambda referral, cause: appointments.attend(referral, cause, appointment_id=appointment_id),
        cause,
        if_match=if_match,
    )
    return answer(_receipt(saved, appointment_id, "fulfilled"))


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/miss",
    response_model=AppointmentReceipt,
)
async def miss(
    referral_id: Id, appointment_id: Id, cause: CauseOf, if_match: IfMatch, stores: Kept
) -> Response:
    """The person did not come."""
    saved = await handlers.change(
        stores,
        referral_id,
        lambda referral, cause: appointments.miss(referral, cause, appointment_id=appointment_id),
        cause,
        if_match=if_match,
    )
    return answer(_receipt(saved, appointment_id, "noshow"))


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/cancel",
    response_model=AppointmentReceipt,
)
async def cancel(
    referral_id: Id,
    appointment_id: Id,
    *,
    body: Annotated[Cancellation, JsonBody(Cancellation)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """The contact is called off."""
    saved = await handlers.change(
        stores,
        referral_id,
        lambda referral, cause: appointments.cancel(
            referral, cause, appointment_id=appointment_id, cancelled_by=body.cancelled_by
        ),
        cause,
        if_match=if_match,
    )
    return answer(_receipt(saved, appointment_id, "cancelled"))


def _receipt(saved: Saved[Referral], appointment_id: str, status: str) -> AppointmentReceipt:
    return AppointmentReceipt.model_validate(
        {
            **dict(Receipt.of(saved)),
            "appointment_id": appointment_id,
            "appointment_status": status,
        }
    )
