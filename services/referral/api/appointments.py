"""Appointments of a referral over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Response

from services.referral.api.access import Changing, answer
from services.referral.api.fields import Id
from services.referral.api.requests import Cancellation, Move, NewAppointment, NewTime
from services.referral.api.views import AppointmentReceipt
from services.referral.domain import appointments
from services.referral.domain.appointments import Time
from services.referral.domain.meetings import AppointmentStatus
from shared.web import JsonBody

_Step = Literal["confirm", "arrive", "attend", "miss", "enter-in-error"]
_STEPS = {
    "confirm": (appointments.confirm, AppointmentStatus.BOOKED),
    "arrive": (appointments.arrive, AppointmentStatus.ARRIVED),
    "attend": (appointments.attend, AppointmentStatus.FULFILLED),
    "miss": (appointments.miss, AppointmentStatus.NOSHOW),
    "enter-in-error": (appointments.enter_in_error, AppointmentStatus.ENTERED_IN_ERROR),
}

router = APIRouter(tags=["appointments"])


@router.post(
    "/referrals/{referral_id}/appointments", status_code=201, response_model=AppointmentReceipt
)
async def book(
    body: Annotated[NewAppointment, JsonBody(NewAppointment)], change: Changing
) -> Response:
    """Book or propose an appointment.

    A contact with the person; `proposed` where they have not said yes. 409 unless the referral is
    accepted or in progress.
    """
    appointment_id = change.cause.make_id("appointment")
    saved = await change.by(
        partial(
            appointments.book,
            appointment_id=appointment_id,
            time=_time(body),
            proposed=body.proposed,
        )
    )
    status = AppointmentStatus.PROPOSED if body.proposed else AppointmentStatus.BOOKED
    receipt = AppointmentReceipt.about(saved, appointment_id, status)
    return answer(receipt, 201, location=f"/referrals/{change.referral_id}")


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/reschedule",
    status_code=201,
    response_model=AppointmentReceipt,
)
async def reschedule(
    appointment_id: Id, body: Annotated[Move, JsonBody(Move)], change: Changing
) -> Response:
    """Move an appointment.

    This one is called off and a new one takes its place. The answer names the new one; the two name
    each other by `replaces` and `replaced_by`.
    """
    new_id = change.cause.make_id("appointment")
    saved = await change.by(
        partial(
            appointments.reschedule,
            appointment_id=appointment_id,
            new_id=new_id,
            time=_time(body),
            moved_by=body.moved_by,
        )
    )
    receipt = AppointmentReceipt.about(saved, new_id, AppointmentStatus.BOOKED)
    return answer(receipt, 201, location=f"/referrals/{change.referral_id}")


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/cancel",
    response_model=AppointmentReceipt,
)
async def cancel(
    appointment_id: Id, body: Annotated[Cancellation, JsonBody(Cancellation)], change: Changing
) -> Response:
    """Call an appointment off.

    409 where it took place, or was called off before.
    """
    saved = await change.by(
        partial(appointments.cancel, appointment_id=appointment_id, cancelled_by=body.cancelled_by)
    )
    return answer(AppointmentReceipt.about(saved, appointment_id, AppointmentStatus.CANCELLED))


@router.post(
    "/referrals/{referral_id}/appointments/{appointment_id}/{step}",
    response_model=AppointmentReceipt,
)
async def take_step(appointment_id: Id, step: _Step, change: Changing) -> Response:
    """Say how an appointment goes.

    The person said yes (`confirm`), is there (`arrive`), came (`attend`) or did not (`miss`).
    `enter-in-error` takes back an appointment, or what was recorded of it: it counts nowhere any
    more. Support that began with it has begun all the same: the `status` in the answer stays, and
    ending the referral is a decision of its own. 409 with `session_id` where the appointment is a
    place in a group session: say it of the session.
    """
    command, status = _STEPS[step]
    saved = await change.by(partial(command, appointment_id=appointment_id))
    return answer(AppointmentReceipt.about(saved, appointment_id, status))


def _time(body: NewTime) -> Time:
    return Time(body.start, body.mode, body.interpreter_language)
