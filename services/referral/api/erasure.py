"""Erasure over HTTP: asked for, decided by another, and who has done it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import Id, Inbound, Words, example
from services.referral.domain.erasure import Erasure, Ground, LegalBasis, Reason
from shared.store import Saved
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Listing, Paging, etag

router = APIRouter(tags=["privacy"])


Status = Literal["requested", "refused", "granted", "done"]


class ErasureRequest(Inbound):
    """Why a person is to be erased. Do not name them in the note: it outlives their record."""

    model_config = example(ground="consent_withdrawn", note="Asked by letter.")

    ground: Ground
    note: Words | None = None


class ErasureDecision(Inbound):
    """What is decided, why, and on which article of the UK GDPR it rests."""

    model_config = example(
        granted=False,
        reason_code="legal_claims",
        legal_basis="art_17_3_e",
        note="A complaint is with the ombudsman; to be looked at again when it ends.",
    )

    granted: bool
    reason_code: Reason
    legal_basis: LegalBasis
    note: Words


class ErasureReceipt(BaseModel):
    """The answer to a command about a request."""

    id: str
    version: int
    status: Status

    @classmethod
    def of(cls, saved: Saved[Erasure]) -> ErasureReceipt:
        """Where the command led to when it was first carried out."""
        return cls(id=saved.id, version=saved.version, status=saved.receipt["status"])


class DecisionView(BaseModel):
    """What was decided."""

    granted: bool
    reason_code: Reason
    legal_basis: LegalBasis
    at: datetime
    by: str
    organisation: str


class ErasureView(BaseModel):
    """A request, its decision, and which services have done it."""

    id: str
    version: int
    person_id: str
    status: Status
    ground: Ground
    requested_at: datetime
    requested_by: str
    requested_organisation: str
    request_note: str | None
    decision: DecisionView | None
    decision_note: str | None
    acknowledged: dict[str, datetime]
    waiting_for: tuple[str, ...]

    @classmethod
    def of(cls, saved: Saved[Erasure]) -> ErasureView:
        """All of it but the ids of what went."""
        state = saved.state
        return cls(
            version=saved.version,
            status=state.status,
            waiting_for=state.waiting_for,
            **state.model_dump(
                exclude={"tenant", "person_ids", "case_ids", "referral_ids", "service_ids"}
            ),
        )


@router.post(
    "/persons/{person_id}/erasure",
    status_code=201,
    response_model=ErasureReceipt,
)
async def request_erasure(
    person_id: Id,
    body: Annotated[ErasureRequest, JsonBody(ErasureRequest)],
    cause: CauseOf,
    stores: Kept,
) -> Response:
    """Write down that a person is to be erased.

    From this moment no referral is made for them, nobody writes to them and providers see nothing
    of them, until somebody else decides. 409 where a request waits already.
    """
    saved = await handlers.request_erasure(
        stores, person_id, cause, ground=body.ground, note=body.note
    )
    return answer(ErasureReceipt.of(saved), 201, location=f"/erasures/{saved.id}")


@router.get("/erasures", response_model=Listing[ErasureView])
async def list_erasures(
    actor: Acting,
    stores: Kept,
    page: Paging,
    *,
    status: Annotated[Status | None, Query()] = None,
) -> Listing[ErasureView]:
    """List requests to be erased.

    Newest first: your organisation's, or all of them for a tenant's admin.
    """
    found = await handlers.list_erasures(
        stores, actor, status=status, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[ErasureView.of(saved) for saved in found.items], next_cursor=found.next_cursor
    )


@router.get("/erasures/{erasure_id}", response_model=ErasureView)
async def read_erasure(
    erasure_id: Id, actor: Acting, stores: Kept, response: Response
) -> ErasureView:
    """See how far an erasure has come.

    `waiting_for` are the services that have not yet said that they removed what they held.
    """
    saved = await handlers.read_erasure(stores, erasure_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return ErasureView.of(saved)


@router.post("/erasures/{erasure_id}/decision", response_model=ErasureReceipt)
async def decide_erasure(
    erasure_id: Id,
    body: Annotated[ErasureDecision, JsonBody(ErasureDecision)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Grant or refuse a request to be erased.

    Granted: the person's key is destroyed, their records become tombstones, open referrals end, and
    every service is told. It cannot be undone. 403 where you wrote the request down yourself; 409
    where it was decided already, or the record is under a legal hold; 422 where the article does
    not fit the reason.
    """
    saved = await handlers.decide_erasure(
        stores, erasure_id, cause, **body.model_dump(), if_match=if_match
    )
    return answer(ErasureReceipt.of(saved))
