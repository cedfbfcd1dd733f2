"""Safeguarding concerns over HTTP: apart from referrals, for the lead and the author alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, StringConstraints

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import ANY_ID, Id, Inbound, Words, example
from services.referral.domain.safeguarding import Category, Closure, Concern, Severity
from shared.store import Saved
from shared.web import (
    Acting,
    CauseOf,
    IfMatch,
    JsonBody,
    Listing,
    Paging,
    Present,
    etag,
)

router = APIRouter(tags=["safeguarding"])


Details = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]


class NewConcern(Inbound):
    """A concern for someone's safety, in your own words."""

    model_config = example(
        person_id=ANY_ID,
        category="neglect",
        severity="high",
        details="What was seen, what was said, and what has been done already.",
    )

    person_id: Id
    referral_id: Id | None = None
    category: Category
    severity: Severity
    details: Details
    lead_subject: Id | None = None
    """The lead it is for; those with the role of safeguarding lead always see it."""


class Closing(Inbound):
    """What was done about it."""

    model_config = example(outcome_code="action_taken", note="Referred to adult social care.")

    outcome_code: Closure
    note: Words


class ConcernReceipt(BaseModel):
    """The answer to a command about a concern."""

    id: str
    version: int
    status: Literal["open", "closed"]
    note: str = "If someone is in danger now, call 999. The lead is alerted without any detail."


class ConcernView(BaseModel):
    """A concern, as its lead and its author see it."""

    id: str
    version: int
    person_id: str
    referral_id: str | None
    category: Category
    severity: Severity
    details: str
    lead_subject: str | None
    author_subject: str
    author_organisation: str
    raised_at: datetime
    status: Literal["open", "closed"]
    closed_at: datetime | None
    closed_by: str | None
    outcome_code: Closure | None
    outcome_note: str | None

    @classmethod
    def of(cls, saved: Saved[Concern]) -> ConcernView:
        """All of it."""
        return cls(version=saved.version, **saved.state.model_dump(exclude={"tenant"}))


class Alert(BaseModel):
    """That a concern is open, how grave and how old it is: neither what nor about whom."""

    id: str
    severity: Severity
    age_seconds: int


class Alerts(BaseModel):
    """How many concerns wait for you, the oldest first; ``open`` is at most 200."""

    open: int
    oldest_seconds: int | None
    items: list[Alert]


@router.post("/safeguarding-concerns", status_code=201, response_model=ConcernReceipt)
async def raise_concern(
    body: Annotated[NewConcern, JsonBody(NewConcern)], actor: Acting, cause: CauseOf, stores: Kept
) -> Response:
    """Raise a safeguarding concern.

    It is no referral, and nothing of it is sent anywhere. In an emergency call 999 first. 422 where
    the person is not on record.
    """
    concern = Concern(
        id=cause.make_id("concern"),
        tenant=actor.tenant,
        author_subject=actor.subject,
        author_organisation=actor.organisation,
        raised_at=cause.at,
        **body.model_dump(),
    )
    saved = await handlers.raise_concern(stores, concern, cause)
    receipt = ConcernReceipt(id=saved.id, version=saved.version, status="open")
    return answer(receipt, 201, location=f"/safeguarding-concerns/{saved.id}")


@router.get("/safeguarding-concerns", response_model=Listing[ConcernView])
async def list_concerns(
    actor: Acting,
    stores: Kept,
    page: Paging,
    *,
    status: Annotated[Literal["open", "closed"] | None, Query()] = None,
) -> Listing[ConcernView]:
    """List the concerns you lead on.

    Newest first.
    """
    found = await stores.concerns.led_by(actor, status=status, limit=page.limit, cursor=page.cursor)
    return Listing(
        items=[ConcernView.of(saved) for saved in found.items], next_cursor=found.next_cursor
    )


@router.get("/safeguarding-concerns/alerts", response_model=Alerts)
async def read_alerts(actor: Acting, stores: Kept, now: Present) -> Alerts:
    """See how many concerns wait for you.

    And for how long, without any detail.
    """
    items = [
        Alert(
            id=saved.id,
            severity=saved.state.severity,
            age_seconds=max(0, int((now - saved.state.raised_at).total_seconds())),
        )
        for saved in await handlers.alerts(stores, actor)
    ]
    items.sort(key=lambda alert: -alert.age_seconds)
    return Alerts(
        open=len(items), oldest_seconds=items[0].age_seconds if items else None, items=items
    )


@router.get("/safeguarding-concerns/{concern_id}", response_model=ConcernView)
async def read_concern(
    concern_id: Id, actor: Acting, stores: Kept, response: Response
) -> ConcernView:
    """Read a concern.

    One you lead on, or wrote. 404 for anyone else.
    """
    saved = await handlers.read_concern(stores, concern_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return ConcernView.of(saved)


@router.post(
    "/safeguarding-concerns/{concern_id}/close",
    response_model=ConcernReceipt,
)
async def close_concern(
    concern_id: Id,
    body: Annotated[Closing, JsonBody(Closing)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Close a concern.

    The lead has dealt with it, and says how. 404 for all but the lead, 409 if closed.
    """
    saved = await handlers.close_concern(
        stores,
        concern_id,
        cause,
        outcome_code=body.outcome_code,
        note=body.note,
        if_match=if_match,
    )
    return answer(ConcernReceipt(id=saved.id, version=saved.version, status="closed"))
