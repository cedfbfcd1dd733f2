"""Messages back to practices, and what became of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.notifications import handlers
from services.notifications.api.access import Id, Kept
from services.notifications.domain.messages_back import (
    ByHand,
    MessageBack,
    RejectReason,
    ReturnStatus,
)
from shared.store import Saved
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Listing, Paging, etag

router = APIRouter(tags=["messages back"])


class Rejection(BaseModel):
    """Why the practice does not file it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"reason": "not_registered_here"}]},
    )

    reason: RejectReason


class DoneByHand(BaseModel):
    """How the team told the practice itself."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"how": "telephone"}]}
    )

    how: ByHand


class MessageBackView(BaseModel):
    """A message back: what it tells of, and whether the practice has filed it."""

    id: str
    version: int
    status: ReturnStatus
    organisation_id: str
    team_organisation_id: str
    case_id: str
    referral_id: str
    event_type: str
    code: str | None
    occurred_at: datetime
    created_at: datetime
    answer_by: datetime
    ended_at: datetime | None
    reject_reason: RejectReason | None
    done_by: ByHand | None

    @classmethod
    def of(cls, saved: Saved[MessageBack]) -> Self:
        """The view of a message back."""
        state = saved.state
        return cls(
            id=saved.id,
            version=saved.version,
            event_type=state.about_event_type,
            **state.model_dump(
                include=set(cls.model_fields) - {"id", "version", "event_type"},
            ),
        )


class MessageBackReceipt(BaseModel):
    """The answer to a command about a message back."""

    id: str
    version: int
    status: ReturnStatus


@router.get("/messages-back")
async def list_messages_back(
    actor: Acting,
    stores: Kept,
    page: Paging,
    *,
    status: Annotated[ReturnStatus | None, Query()] = None,
) -> Listing[MessageBackView]:
    """List messages back to practices.

    Those to your practice, or about your team's cases, newest first. Those that are `rejected`,
    `timed_out` or `undeliverable` wait for someone of the team to tell the practice by hand.
    """
    where = {"state.status": status} if status else {}
    found = await handlers.messages_back_of(
        stores, actor, where=where, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[MessageBackView.of(each) for each in found.items], next_cursor=found.next_cursor
    )


@router.get("/messages-back/{return_id}")
async def read_message_back(
    return_id: Id, actor: Acting, stores: Kept, response: Response
) -> MessageBackView:
    """Read a message back.

    What it tells of, and whether the practice has filed it.
    """
    saved = await handlers.message_back_of(stores, return_id, actor)
    response.headers["ETag"] = etag(saved.version)
    return MessageBackView.of(saved)


@router.post("/messages-back/{return_id}/acknowledge")
async def acknowledge(
    return_id: Id, cause: CauseOf, if_match: IfMatch, stores: Kept, response: Response
) -> MessageBackReceipt:
    """Acknowledge a message back.

    Your practice has filed it in the patient's record. 409 where it was rejected, or told by hand,
    before.
    """
    saved = await handlers.acknowledge(stores, return_id, cause, if_match=if_match)
    return _receipt(saved, response)


@router.post("/messages-back/{return_id}/reject")
async def reject(
    *,
    return_id: Id,
    body: Annotated[Rejection, JsonBody(Rejection)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
    response: Response,
) -> MessageBackReceipt:
    """Reject a message back.

    Your practice does not file it, and says why: the team is told at once. 409 where it was filed,
    or told by hand, before.
    """
    saved = await handlers.reject(stores, return_id, body.reason, cause, if_match=if_match)
    return _receipt(saved, response)


@router.post("/messages-back/{return_id}/done-by-hand")
async def done_by_hand(
    *,
    return_id: Id,
    body: Annotated[DoneByHand, JsonBody(DoneByHand)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
    response: Response,
) -> MessageBackReceipt:
    """Say that you told the practice yourself.

    The message is done. 409 unless it was rejected, timed out or could not be delivered.
    """
    saved = await handlers.done_by_hand(stores, return_id, body.how, cause, if_match=if_match)
    return _receipt(saved, response)


def _receipt(saved: Saved[MessageBack], response: Response) -> MessageBackReceipt:
    response.headers["ETag"] = etag(saved.version)
    status = saved.receipt.get("status", saved.state.status)
    return MessageBackReceipt(id=saved.id, version=saved.version, status=status)
