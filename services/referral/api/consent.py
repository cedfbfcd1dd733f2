"""Consent to share over HTTP: given, withdrawn, and looked up."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import Id
from services.referral.api.person_requests import ConsentDecision, ConsentGrant
from services.referral.api.person_views import ConsentReceipt, ConsentRecord, ConsentView
from services.referral.api.persons import ChangingPerson
from services.referral.domain import consent, standing
from services.referral.domain.policy import Sight
from shared.web import Acting, JsonBody, Present

router = APIRouter(tags=["consent"])


@router.get("/persons/{person_id}/consent", response_model=ConsentRecord)
async def read_consent(person_id: Id, actor: Acting, stores: Kept, now: Present) -> ConsentRecord:
    """List what a person decided about sharing.

    Oldest first; every decision is kept for good.
    """
    saved, how = await handlers.look_at_person(stores, person_id, actor, now)
    if how is Sight.RESTRICTED:
        standing.check_open_to(saved.state, actor)
    return ConsentRecord(
        items=[
            ConsentView(
                **entry.model_dump(exclude={"recipients"}),
                recipient_organisation_ids=entry.recipients,
            )
            for entry in saved.state.consents
        ]
    )


@router.post("/persons/{person_id}/consent", status_code=201, response_model=ConsentReceipt)
async def grant(
    body: Annotated[ConsentGrant, JsonBody(ConsentGrant)], change: ChangingPerson
) -> Response:
    """Record that a person agrees to sharing.

    Of what `scope` names, or of everything; with these organisations, or with all.
    """
    return await _decided(partial(consent.grant, scope=body.scope), body, change)


@router.post(
    "/persons/{person_id}/consent/withdraw", status_code=201, response_model=ConsentReceipt
)
async def withdraw(
    body: Annotated[ConsentDecision, JsonBody(ConsentDecision)], change: ChangingPerson
) -> Response:
    """Record that a person no longer agrees to sharing.

    From this moment on, recipients see nothing of them. Their open referrals are withdrawn and
    every recipient is told. What was shared lawfully before stays on record.
    """
    return await _decided(consent.withdraw, body, change)


async def _decided(
    decide: consent.Decide, body: ConsentDecision, change: ChangingPerson
) -> Response:
    entry_id = change.cause.make_id("consent")
    command = partial(
        decide,
        entry_id=entry_id,
        recipients=body.recipient_organisation_ids,
        method=body.method,
        note=body.note,
    )
    saved = await change.by(command)
    receipt = ConsentReceipt(id=saved.id, version=saved.version, consent_id=entry_id)
    return answer(receipt, 201, location=f"/persons/{saved.id}/consent")
