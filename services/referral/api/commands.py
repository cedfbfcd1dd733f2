"""What may be done to a referral: one route for each command of its lifecycle."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.referral.api.access import Changing, answer
from services.referral.api.requests import (
    Acceptance,
    Assignment,
    Completion,
    Decline,
    End,
    Withdrawal,
)
from services.referral.api.views import Receipt
from services.referral.domain import referral as referrals
from shared.web import JsonBody, require_role

router = APIRouter(tags=["referrals"])

REFERRING = ("referrer", "link_worker", "team_lead")
WORKING = ("link_worker", "team_lead", "provider")

_Working = [Depends(require_role(*WORKING))]
_Referring = [Depends(require_role(*REFERRING))]


@router.post("/referrals/{referral_id}/accept", response_model=Receipt, dependencies=_Working)
async def accept(body: Annotated[Acceptance, JsonBody(Acceptance)], change: Changing) -> Response:
    """Take the referral, and say who will look after the person."""
    command = partial(referrals.accept, assigned_to=body.assigned_to)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/assign", response_model=Receipt, dependencies=_Working)
async def assign(body: Annotated[Assignment, JsonBody(Assignment)], change: Changing) -> Response:
    """Hand the person to another worker of your organisation."""
    command = partial(referrals.assign, assigned_to=body.assigned_to)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/waitlist", response_model=Receipt, dependencies=_Working)
async def waitlist(change: Changing) -> Response:
    """Put the person on your waiting list: you would take them and have no place yet."""
    return answer(Receipt.of(await change.by(referrals.waitlist)))


@router.post("/referrals/{referral_id}/decline", response_model=Receipt, dependencies=_Working)
async def decline(body: Annotated[Decline, JsonBody(Decline)], change: Changing) -> Response:
    """Do not take the referral, and say why."""
    command = partial(referrals.decline, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/withdraw", response_model=Receipt, dependencies=_Referring)
async def withdraw(body: Annotated[Withdrawal, JsonBody(Withdrawal)], change: Changing) -> Response:
    """Take the referral back, and say why."""
    command = partial(referrals.withdraw, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/complete", response_model=Receipt, dependencies=_Working)
async def complete(body: Annotated[Completion, JsonBody(Completion)], change: Changing) -> Response:
    """Close the referral with what came of it."""
    command = partial(referrals.complete, outcome_code=body.outcome_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/not-complete", response_model=Receipt, dependencies=_Working)
async def not_complete(body: Annotated[End, JsonBody(End)], change: Changing) -> Response:
    """Close the referral without an outcome, and say why."""
    command = partial(referrals.not_complete, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))
