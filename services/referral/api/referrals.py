"""Making a referral and looking at it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import Id
from services.referral.api.requests import NewReferral
from services.referral.api.views import (
    ReferralReceipt,
    ReferralView,
    Timeline,
    TimelineEntry,
)
from services.referral.domain.lifecycle import Status
from services.referral.domain.policy import Sight
from services.referral.store import visible_to
from shared.events import ReferralKind
from shared.web import Acting, CauseOf, JsonBody, Listing, Paging, Present, etag

router = APIRouter(tags=["referrals"])


@router.post("/referrals", status_code=201, response_model=ReferralReceipt)
async def make_referral(
    body: Annotated[NewReferral, JsonBody(NewReferral)], cause: CauseOf, stores: Kept
) -> Response:
    """Refer someone.

    Into a link-worker team (`intake`), on to a service (`onward`), or only tell them of one
    (`signpost`). 409 with `referral_id` where the person has an open referral to this service
    already, or one ended in the last 30 days and `override_reason` does not say why to refer again.
    A `draft` is known to your organisation alone until it is submitted. The answer names records
    that may be the same person, as far as you know them.
    """
    person = body.person
    referred = await handlers.refer(
        stores,
        handlers.Request(
            kind=body.kind,
            service_id=body.service_id,
            case_id=body.case_id,
            person_id=body.person_id,
            new_person=None
            if person is None
            else lambda person_id: person.as_person(person_id, cause.actor.tenant),
            need_codes=body.need_codes,
            priority=body.priority,
            reason=body.reason,
            consent_method=body.consent.method,
            consent_scope=body.consent.scope,
            source_code=body.source_code,
            previous_case_id=body.previous_case_id,
            override_reason=body.override_reason,
            draft=body.draft,
        ),
        cause,
    )
    saved = referred.saved
    receipt = ReferralReceipt.of(saved)
    if person is not None and referred.has_candidates:
        found = await handlers.candidates_of(stores, saved.state, cause.actor, cause.at)
        receipt = ReferralReceipt.of(saved, found.known, found.others)
    return answer(receipt, 201, location=f"/referrals/{saved.id}")


@router.get("/referrals", response_model=Listing[ReferralView])
async def list_referrals(
    actor: Acting,
    stores: Kept,
    page: Paging,
    now: Present,
    *,
    status: Annotated[Status | None, Query()] = None,
    kind: Annotated[ReferralKind | None, Query()] = None,
    service_id: Annotated[Id | None, Query()] = None,
    case_id: Annotated[Id | None, Query()] = None,
    person_id: Annotated[Id | None, Query()] = None,
) -> Listing[ReferralView]:
    """List referrals.

    Those your organisation made, received or holds the case of, newest first. The persons are left
    out: read one referral for as much as you may see.
    """
    visible = (
        visible_to(actor)
        if person_id is None
        else await handlers.among(stores, person_id, actor, now)
    )
    if visible is None:
        return Listing(items=[])
    asked = {
        "state.status": status,
        "state.kind": kind,
        "state.service_id": service_id,
        "state.case_id": case_id,
    }
    where = {name: value for name, value in asked.items() if value is not None}
    found = await stores.referrals.find(
        actor.tenant, {**where, **visible}, limit=page.limit, cursor=page.cursor
    )
    seen = await handlers.look_at_all(stores, found.items, actor, now)
    return Listing(
        items=[
            ReferralView.of(saved, how, person if how is Sight.RESTRICTED else None, now)
            for saved, how, person in seen
        ],
        next_cursor=found.next_cursor,
    )


@router.get("/referrals/{referral_id}", response_model=ReferralView)
async def read_referral(
    referral_id: Id, actor: Acting, stores: Kept, now: Present, response: Response
) -> ReferralView:
    """Read a referral.

    With as much of the person as you may see now.
    """
    saved, how, person = await handlers.look_at(stores, referral_id, actor, now)
    response.headers["ETag"] = etag(saved.version)
    return ReferralView.of(saved, how, person, now)


@router.get("/referrals/{referral_id}/history", response_model=Timeline)
async def read_history(referral_id: Id, actor: Acting, stores: Kept, now: Present) -> Timeline:
    """Read what happened to a referral.

    Oldest first. Where your organisation may know only that it happened, the last line alone.
    """
    saved, how, _ = await handlers.look_at(stores, referral_id, actor, now)
    whole = how not in {Sight.HAPPENED, Sight.RESTRICTED}
    lines = saved.history if whole else saved.history[-1:]
    return Timeline(items=[TimelineEntry(**asdict(line)) for line in lines])
