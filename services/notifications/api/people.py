"""What persons were told, and why they were not: never with their addresses or words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifications import handlers
from services.notifications.api.access import Id, Kept
from services.notifications.domain.person_messages import (
    PersonMessage,
    PersonMessageStatus,
)
from services.notifications.domain.reaching import PersonChannel
from shared.store import Saved
from shared.web import Acting, Listing, Paging

router = APIRouter(tags=["messages to persons"])


class PersonMessageView(BaseModel):
    """A message to a person: which text, by which channel, and how it went.

    `reason` says why it was not sent, or how its last attempt ended.
    """

    id: str
    status: PersonMessageStatus
    reason: str | None
    channel: PersonChannel | None
    template: str
    template_version: int | None
    language: str | None
    event_type: str
    case_id: str
    occurred_at: datetime
    next_attempt_at: datetime | None
    attempt_count: int

    @classmethod
    def of(cls, saved: Saved[PersonMessage]) -> Self:
        """The view of a message."""
        state = saved.state
        return cls(
            id=saved.id,
            status=state.status,
            reason=state.reason,
            channel=state.channel,
            template=state.template,
            template_version=state.template_version,
            language=state.language,
            event_type=state.about_event_type,
            case_id=state.about_key,
            occurred_at=state.occurred_at,
            next_attempt_at=state.next_attempt_at,
            attempt_count=len(state.attempts),
        )


@router.get("/person-messages")
async def list_person_messages(
    actor: Acting,
    stores: Kept,
    page: Paging,
    *,
    status: Annotated[PersonMessageStatus | None, Query()] = None,
    case_id: Annotated[Id | None, Query()] = None,
) -> Listing[PersonMessageView]:
    """List what persons were told.

    Those of your referrals, newest first; for operations, all.
    """
    asked = {"state.status": status, "state.about_key": case_id}
    where = {name: value for name, value in asked.items() if value is not None}
    found = await handlers.person_messages_of(
        stores, actor, where=where, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[PersonMessageView.of(each) for each in found.items], next_cursor=found.next_cursor
    )
