"""A person's choices about their data over HTTP: opting out of reports; holds for the law."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import Id, Inbound, example
from services.referral.api.person_views import PersonReceipt
from services.referral.domain import erasure, standing
from services.referral.domain.person import ChangedPerson, Person
from shared.cause import Cause
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Present

router = APIRouter(tags=["privacy"])


class OptOutChoice(Inbound):
    """Whether the person's data is kept out of reports: their National Data Opt-out."""

    model_config = example(opted_out=True)

    opted_out: bool


class OptOutView(BaseModel):
    """One change of the choice, and who wrote it down when."""

    opted_out: bool
    recorded_at: datetime
    recorded_by: str
    organisation: str


class OptOutRecord(BaseModel):
    """What stands, and every change before it, oldest first."""

    opted_out: bool
    items: list[OptOutView]


class LegalHoldChange(Inbound):
    """Whether the record must be kept, and what for."""

    model_config = example(held=True, reason_code="complaint")

    held: bool
    reason_code: Literal["claim", "complaint", "inquiry", "inquest", "other"] = "other"


@router.get("/persons/{person_id}/data-opt-out", response_model=OptOutRecord)
async def read_opt_out(person_id: Id, actor: Acting, stores: Kept, now: Present) -> OptOutRecord:
    """See whether a person opted out of reports."""
    saved, _ = await handlers.look_at_person(stores, person_id, actor, now)
    standing.check_open_to(saved.state, actor)
    return OptOutRecord(
        opted_out=saved.state.opted_out,
        items=[OptOutView(**each.model_dump()) for each in saved.state.opt_outs],
    )


@router.put("/persons/{person_id}/data-opt-out", response_model=PersonReceipt)
async def choose_opt_out(
    person_id: Id,
    body: Annotated[OptOutChoice, JsonBody(OptOutChoice)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Record that a person opted out of reports, or no longer does.

    Their cases are taken out of every report, those of the past as well; care goes on as before.
    """
    saved = await handlers.choose_opt_out(
        stores, person_id, cause, opted_out=body.opted_out, if_match=if_match
    )
    return answer(PersonReceipt.of(saved))


@router.put("/persons/{person_id}/legal-hold", response_model=PersonReceipt)
async def put_legal_hold(
    person_id: Id,
    body: Annotated[LegalHoldChange, JsonBody(LegalHoldChange)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Keep a record for the law, or let it go.

    For a claim or an inquiry. Until it is let go, neither a request nor the end of its time erases
    it.
    """

    def command(person: Person, cause: Cause) -> ChangedPerson:
        standing.check_open_to(person, cause.actor)
        if not body.held:
            return erasure.lift_legal_hold(person, cause)
        return erasure.keep_for_law(person, cause, reason_code=body.reason_code)

    saved = await handlers.change_person(stores, person_id, command, cause, if_match=if_match)
    return answer(PersonReceipt.of(saved))
