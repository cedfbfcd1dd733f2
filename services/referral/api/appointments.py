"""Appointments of a referral over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response

from services.referral.api.access import Changing, answer
from services.referral.api.commands import WORKING
from services.referral.api.requests import Cancellation, Id, NewAppointment
from services.referral.api.views import AppointmentReceipt
from services.referral.domain import appointments
from shared.web import JsonBody, require_role

_Outcome = Literal["attend", "miss"]
_OUTCOMES = {
    "attend": (appointments.attend, "fulfilled"),
    "miss": (appointments.miss, "noshow"),
}

router = APIRouter(tags=["appointments"], dependencies=[Depends(require_role(*WORKING))])


@router.post(
    "/referrals/{referral_id}/appointments", status_code=201, response_model=AppointmentReceipt
)
async def book(
    body: Annotated[NewAppointment, JsonBody(NewAppointment)], change: Changing
) -> Response:
    """Arrange a contact with the person."""
    appointment_id = change.cause.make_id("appointment")
    saved = await change.by(
        partial(appointments.book, appointment_id=appointment_id, start=body.start, mode=body.mode)
    )
    receipt = AppointmentReceipt.about(saved, appointment_id, "booked")
    return answer(receipt, 201, location=f"/referrals/{change.referral_id}")


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/cancel",
    response_model=AppointmentReceipt,
)
async def cancel(
    appointment_id: Id, body: Annotated[Cancellation, JsonBody(Cancellation)], change: Changing
) -> Response:
    """The contact is called off."""
    saved = await change.by(
        partial(appointments.cancel, appointment_id=appointment_id, cancelled_by=body.cancelled_by)
    )
    return answer(AppointmentReceipt.about(saved, appointment_id, "cancelled"))


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/{outcome}",
    response_model=AppointmentReceipt,
)
async def settle(appointment_id: Id, outcome: _Outcome, change: Changing) -> Response:
    """The person came (`attend`), or did not (`miss`)."""
    command, status = _OUTCOMES[outcome]
    saved = await change.by(partial(command, appointment_id=appointment_id))
    return answer(AppointmentReceipt.about(saved, appointment_id, status))
