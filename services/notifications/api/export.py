"""Subject access over HTTP: what a person was told, without words or addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifications.api.access import Id, Kept
from services.notifications.handlers.people import told_to
from shared.web import Acting

router = APIRouter(tags=["privacy"])


class ExportedMessage(BaseModel):
    """One message to the person: which text, by which channel, and how it went."""

    template: str
    channel: str | None
    language: str | None
    status: str
    reason: str | None
    about: datetime
    sent_at: datetime | None


class MessagesExport(BaseModel):
    """What the person was told in these cases. Addresses and words are not kept."""

    person_id: str
    messages: list[ExportedMessage]


@router.get("/persons/{person_id}/export", response_model=MessagesExport)
async def export_person(
    person_id: Id,
    actor: Acting,
    stores: Kept,
    *,
    case_id: Annotated[list[Id], Query(default_factory=list, max_length=200)],
    also_known_as: Annotated[
        list[Id], Query(default_factory=list, max_length=50, description="Ids of merged records.")
    ],
) -> MessagesExport:
    """Copy what a person was told.

    For a subject access request: name the person and their cases; what is about others is left out.
    """
    persons = {person_id, *also_known_as}
    found = await told_to(stores, persons, case_id, actor.tenant)
    return MessagesExport(
        person_id=person_id,
        messages=[
            ExportedMessage(
                template=each.template,
                channel=each.channel,
                language=each.language,
                status=each.status,
                reason=each.reason,
                about=each.occurred_at,
                sent_at=each.sent_at,
            )
            for each in found
        ],
    )
