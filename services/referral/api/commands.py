"""What may be done to a referral: one route for each command of its lifecycle."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response

from services.referral import handlers
from services.referral.api.access import Changing, answer
from services.referral.api.requests import (
    Acceptance,
    Assignment,
    Completion,
    Decline,
    Dismissal,
    End,
    FollowUp,
    Hold,
    Mistake,
    Question,
    Reply,
    Reroute,
    Withdrawal,
)
from services.referral.api.views import Receipt, ReferralReceipt
from services.referral.domain import closing, pausing, questions, rerouting
from services.referral.domain import referral as referrals
from shared.web import JsonBody

router = APIRouter(tags=["referrals"])


@router.post("/referrals/{referral_id}/accept", response_model=Receipt)
async def accept(body: Annotated[Acceptance, JsonBody(Acceptance)], change: Changing) -> Response:
    """Accept a referral.

    You take it, and say who will look after the person. Without `assigned_to`, whoever of your
    team's workers has most room does. 409 where the worker named has as many open cases as their
    limit, unless you say `over_limit`.
    """
    saved = await handlers.accept(
        change.stores,
        change.referral_id,
        change.cause,
        assigned_to=body.assigned_to,
        over_limit=body.over_limit,
        if_match=change.if_match,
    )
    return answer(Receipt.of(saved))


@router.post("/referrals/{referral_id}/assign", response_model=Receipt)
async def assign(body: Annotated[Assignment, JsonBody(Assignment)], change: Changing) -> Response:
    """Assign a referral to another worker.

    One of your own organisation. Without `assigned_to`, to whoever has most room; 409 where nobody
    has.
    """
    saved = await handlers.assign(
        change.stores,
        change.referral_id,
        change.cause,
        assigned_to=body.assigned_to,
        over_limit=body.over_limit,
        if_match=change.if_match,
    )
    return answer(Receipt.of(saved))


@router.post("/referrals/{referral_id}/waitlist", response_model=Receipt)
async def waitlist(change: Changing) -> Response:
    """Put the person on your waiting list.

    You would take them and have no place yet.
    """
    return answer(Receipt.of(await change.by(referrals.waitlist)))


@router.post("/referrals/{referral_id}/decline", response_model=Receipt)
async def decline(body: Annotated[Decline, JsonBody(Decline)], change: Changing) -> Response:
    """Decline a referral.

    You do not take it, say why, and may suggest services that fit better. An onward referral is
    then marked as needing another service (`reroute_needed`).
    """
    command = partial(
        referrals.decline,
        reason_code=body.reason_code,
        suggested_service_ids=body.suggested_service_ids,
    )
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/withdraw", response_model=Receipt)
async def withdraw(body: Annotated[Withdrawal, JsonBody(Withdrawal)], change: Changing) -> Response:
    """Withdraw a referral.

    You take it back, and say why. 409 once it has ended.
    """
    command = partial(closing.withdraw, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/complete", response_model=Receipt)
async def complete(body: Annotated[Completion, JsonBody(Completion)], change: Changing) -> Response:
    """Complete a referral with what came of it.

    409 unless support is under way.
    """
    command = partial(closing.complete, outcome_code=body.outcome_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/not-complete", response_model=Receipt)
async def not_complete(body: Annotated[End, JsonBody(End)], change: Changing) -> Response:
    """Close a referral without an outcome.

    And say why. 409 unless it was accepted and is open still.
    """
    command = partial(closing.not_complete, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/ask", response_model=Receipt)
async def ask(body: Annotated[Question, JsonBody(Question)], change: Changing) -> Response:
    """Ask those who referred a question.

    Before you decide; until they answer, it waits for them.
    """
    command = partial(questions.ask, question_code=body.question_code, text=body.text)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/answer", response_model=Receipt)
async def reply(body: Annotated[Reply, JsonBody(Reply)], change: Changing) -> Response:
    """Answer the provider's question.

    The referral is with the provider again.
    """
    return answer(Receipt.of(await change.by(partial(questions.answer, text=body.text))))


@router.post("/referrals/{referral_id}/hold", response_model=Receipt)
async def hold(body: Annotated[Hold, JsonBody(Hold)], change: Changing) -> Response:
    """Pause support.

    409 unless it is under way.
    """
    command = partial(pausing.hold, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/resume", response_model=Receipt)
async def resume(change: Changing) -> Response:
    """Resume support that paused.

    409 unless it is on hold.
    """
    return answer(Receipt.of(await change.by(pausing.resume)))


@router.post("/referrals/{referral_id}/follow-up", response_model=Receipt)
async def follow_up(body: Annotated[FollowUp, JsonBody(FollowUp)], change: Changing) -> Response:
    """Say what became of a signpost.

    Or that nobody knows. 409 for a referral of another kind.
    """
    command = partial(closing.follow_up, outcome_code=body.outcome_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/enter-in-error", response_model=Receipt)
async def enter_in_error(body: Annotated[Mistake, JsonBody(Mistake)], change: Changing) -> Response:
    """Mark a referral as entered in error.

    It should not have been made: it stays to be seen and counts nowhere. Allowed in any status but
    itself; appointments still to come are called off.
    """
    command = partial(closing.enter_in_error, reason_code=body.reason_code)
    return answer(Receipt.of(await change.by(command)))


@router.post("/referrals/{referral_id}/submit", response_model=Receipt)
async def submit(change: Changing) -> Response:
    """Submit a draft.

    From now on the provider knows of it. The rules for making a referral apply as of now: 409 with
    `referral_id` where a like one is open or ended lately, 422 where the service has closed.
    """
    saved = await handlers.submit(
        change.stores, change.referral_id, change.cause, if_match=change.if_match
    )
    return answer(Receipt.of(saved))


@router.post(
    "/referrals/{referral_id}/reroute",
    status_code=201,
    response_model=ReferralReceipt,
)
async def reroute(body: Annotated[Reroute, JsonBody(Reroute)], change: Changing) -> Response:
    """Refer to another service instead.

    A new referral takes this one's place. The answer is the new referral. A moment later this one
    names it as `rerouted_to`; if it was still open it is withdrawn, else it stays as it ended. 409
    where it allows no reroute, or has been rerouted already (`referral_id` is the one that took its
    place).
    """
    route = handlers.NewRoute(
        service_id=body.service_id,
        reason=body.reason,
        consent_method=body.consent.method,
        consent_scope=body.consent.scope,
        need_codes=body.need_codes,
        priority=body.priority,
    )
    saved = await handlers.reroute(change.stores, change.referral_id, route, change.cause)
    return answer(ReferralReceipt.of(saved), 201, location=f"/referrals/{saved.id}")


@router.post("/referrals/{referral_id}/dismiss-reroute", response_model=Receipt)
async def dismiss_reroute(
    body: Annotated[Dismissal, JsonBody(Dismissal)], change: Changing
) -> Response:
    """Say that no other service is sought.

    And why; 409 unless `reroute_needed` is set.
    """
    return answer(Receipt.of(await change.by(partial(rerouting.dismiss, reason=body.reason))))
