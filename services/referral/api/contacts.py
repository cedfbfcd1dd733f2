"""The contact log and the notes of a referral, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel

from services.referral import handlers
from services.referral.api.access import Changing, Kept, answer
from services.referral.api.fields import Id, Inbound, Words, example
from services.referral.api.views import Receipt
from services.referral.domain.notes import Note
from services.referral.domain.record import ContactAttempt
from shared.events import ContactChannel, ContactOutcome
from shared.web import Acting, CauseOf, JsonBody, Listing, Paging, Present

router = APIRouter(tags=["contacts and notes"])


class NewContactAttempt(Inbound):
    """An attempt to reach the person, outside any appointment."""

    model_config = example(
        channel="telephone", outcome_code="no_answer", note="Rang twice; try after five."
    )

    channel: ContactChannel
    outcome_code: ContactOutcome
    at: AwareDatetime | None = None
    """When; now, where it is left out."""
    note: Words | None = None


class ContactLog(BaseModel):
    """All attempts to reach the person, oldest first."""

    items: list[ContactAttempt]


class NewNote(Inbound):
    """A note, for your own organisation only."""

    model_config = example(text="Would rather meet in the morning.")

    text: Words


class NoteReceipt(BaseModel):
    """The answer to a new note."""

    id: str
    version: int


class NoteView(BaseModel):
    """A note as its own organisation reads it."""

    id: str
    written_at: datetime
    written_by: str
    text: str

    @classmethod
    def of(cls, note: Note) -> NoteView:
        """The note."""
        return cls(
            id=note.id, written_at=note.written_at, written_by=note.written_by, text=note.text
        )


@router.post(
    "/referrals/{referral_id}/contacts",
    status_code=201,
    response_model=Receipt,
)
async def log_contact(
    body: Annotated[NewContactAttempt, JsonBody(NewContactAttempt)], change: Changing
) -> Response:
    """Log an attempt to reach the person.

    The note is told to nobody else. After enough attempts without success, by more than one
    channel and on more than one day, closing is proposed; you then confirm it with `not-complete`,
    or go on.
    """
    saved = await handlers.log_contact(
        change.stores,
        change.referral_id,
        change.cause,
        channel=body.channel,
        outcome_code=body.outcome_code,
        at=body.at,
        note=body.note,
        if_match=change.if_match,
    )
    return answer(Receipt.of(saved), 201)


@router.get("/referrals/{referral_id}/contacts", response_model=ContactLog)
async def read_contacts(referral_id: Id, actor: Acting, stores: Kept, now: Present) -> ContactLog:
    """List the attempts to reach the person.

    Oldest first.
    """
    return ContactLog(items=list(await handlers.contact_log(stores, referral_id, actor, now)))


@router.post(
    "/referrals/{referral_id}/notes",
    status_code=201,
    response_model=NoteReceipt,
)
async def write_note(
    referral_id: Id, body: Annotated[NewNote, JsonBody(NewNote)], cause: CauseOf, stores: Kept
) -> Response:
    """Write a note about a referral.

    Only your own organisation reads it.
    """
    saved = await handlers.write_note(stores, referral_id, body.text, cause)
    return answer(NoteReceipt(id=saved.id, version=saved.version), 201)


@router.get("/referrals/{referral_id}/notes", response_model=Listing[NoteView])
async def read_notes(
    referral_id: Id, actor: Acting, stores: Kept, page: Paging, now: Present
) -> Listing[NoteView]:
    """List your organisation's notes.

    Those about this referral, newest first.
    """
    found = await handlers.notes_of(
        stores, referral_id, actor, now, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[NoteView.of(each.state) for each in found.items], next_cursor=found.next_cursor
    )
