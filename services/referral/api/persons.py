"""Persons over HTTP: looked at, corrected, moved, deceased, restricted, reached, merged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.referral import handlers
from services.referral.api.access import Kept, answer
from services.referral.api.fields import Id
from services.referral.api.person_requests import (
    Death,
    Distinction,
    Merging,
    PersonChange,
    Removal,
    Restricting,
    Unmerging,
)
from services.referral.api.person_views import (
    Duplicate,
    HoursView,
    MergeReceipt,
    PersonReceipt,
    PersonView,
    Reachability,
    RevocationReceipt,
    UnmergeReceipt,
    WayView,
)
from services.referral.domain import standing
from services.referral.domain.person import ChangedPerson, Move, Person
from services.referral.domain.reaching import ways
from services.referral.handlers import PersonCommand
from services.referral.store import Stores
from shared.cause import Cause
from shared.errors import NotFound
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

router = APIRouter(tags=["persons"])

MOST_ASKED = 50
"""Persons asked for at once: their ids fit into any proxy's line of 8 KB."""


@dataclass(frozen=True, slots=True)
class Changing:
    """A command on one person: whom, why, and on what version the sender decided."""

    person_id: str
    cause: Cause
    if_match: int | None
    stores: Stores

    async def by(self, command: PersonCommand) -> Saved[Person]:
        """Carry it out by the rules of ``command``."""
        return await handlers.change_person(
            self.stores, self.person_id, command, self.cause, if_match=self.if_match
        )


async def _changing(person_id: Id, cause: CauseOf, if_match: IfMatch, stores: Kept) -> Changing:
    return Changing(person_id, cause, if_match, stores)


ChangingPerson = Annotated[Changing, Depends(_changing)]
"""The command this request gives."""


@router.get("/persons/duplicates", response_model=Listing[Duplicate])
async def list_duplicates(
    actor: Acting, stores: Kept, page: Paging, now: Present
) -> Listing[Duplicate]:
    """List records that may be one person.

    Each is to be merged with its candidates, or told apart from them. Only persons your
    organisation knows are listed, so a page may be short; go on while there is a `next_cursor`.
    """
    items, cursor = await handlers.list_duplicates(
        stores, actor, now, limit=page.limit, cursor=page.cursor
    )
    return Listing(
        items=[
            Duplicate(person_id=person.id, candidates=found.known, others=found.others or 0)
            for person, found in items
        ],
        next_cursor=cursor,
    )


@router.get("/persons/{person_id}", response_model=PersonView)
async def read_person(
    person_id: Id, actor: Acting, stores: Kept, now: Present, response: Response
) -> PersonView:
    """Read a person.

    One your organisation referred, or whose case it holds. The id of a record that was merged
    answers with the person it was merged into. Of a restricted record, those not named see only
    that it is there.
    """
    saved, how = await handlers.look_at_person(stores, person_id, actor, now)
    response.headers["ETag"] = etag(saved.version)
    return PersonView.of(saved.state, how, now)


@router.patch("/persons/{person_id}", response_model=PersonReceipt)
async def correct_person(
    body: Annotated[PersonChange, JsonBody(PersonChange)], change: ChangingPerson
) -> Response:
    """Put right what is known of a person.

    Fields left out stay as they are. 409 where another record has the NHS number: merge the two.
    """

    def command(person: Person, cause: Cause) -> ChangedPerson:
        return standing.change(person, cause, **body.stated(person))

    saved = await change.by(command)
    await handlers.note_duplicates(change.stores, saved, change.cause)
    return answer(PersonReceipt.of(saved))


@router.post("/persons/{person_id}/moved", response_model=PersonReceipt)
async def record_move(
    body: Annotated[Removal, JsonBody(Removal)], change: ChangingPerson
) -> Response:
    """Record that a person moved.

    From the day stated they live elsewhere. Out of the area, the practice no longer sees the
    person, and open cases are marked to be handed over or closed.
    """
    sent = body.model_fields_set & {"address", "postal_code"}
    contact = {name: getattr(body, name) for name in sent}
    moved = Move(
        effective_on=body.effective_on,
        out_of_area=body.out_of_area,
        recorded_at=change.cause.at,
        recorded_by=change.cause.actor.subject,
    )
    saved = await change.by(partial(standing.move, move=moved, **contact))
    return answer(PersonReceipt.of(saved))


@router.post("/persons/{person_id}/deceased", response_model=PersonReceipt)
async def record_death(body: Annotated[Death, JsonBody(Death)], change: ChangingPerson) -> Response:
    """Record that a person died.

    At once nothing is sent to or about them, then all that is open ends. 409 where that is recorded
    already.
    """
    saved = await change.by(partial(standing.record_death, died_on=body.died_on))
    return answer(PersonReceipt.of(saved))


@router.post("/persons/{person_id}/deceased/revoke", response_model=RevocationReceipt)
async def revoke_death(change: ChangingPerson) -> Response:
    """Take back a death recorded in error.

    Nothing is reopened; what it ended is marked. 409 where no death is recorded.
    """
    return answer(RevocationReceipt.of(await change.by(standing.revoke_death)))


@router.post("/persons/{person_id}/restriction", response_model=PersonReceipt)
async def restrict(
    body: Annotated[Restricting, JsonBody(Restricting)], change: ChangingPerson
) -> Response:
    """Restrict a record to named workers, or lift that.

    You are always named. 403 where the record is restricted and you are not named on it.
    """
    command: PersonCommand = (
        partial(standing.restrict, named_workers=body.named_workers, reason_code=body.reason_code)
        if body.restricted
        else standing.lift_restriction
    )
    return answer(PersonReceipt.of(await change.by(command)))


@router.get("/reachability", response_model=Listing[Reachability])
async def read_reachability(
    person_id: Annotated[
        list[Id], Query(min_length=1, max_length=MOST_ASKED, description="Once for each person.")
    ],
    actor: Acting,
    stores: Kept,
) -> Listing[Reachability]:
    """See whether and how persons may be written to.

    For Linkway's own services. Nothing is to be sent where `suppressed` is not null, nor to any way
    that is not listed. Whoever is not listed is not there, or no more.
    """
    asked = dict.fromkeys(person_id)
    found = await asyncio.gather(*(_reachability(stores, each, actor.tenant) for each in asked))
    return Listing(items=[each for each in found if each is not None])


async def _reachability(stores: Stores, person_id: str, tenant: str) -> Reachability | None:
    try:
        person = (await stores.persons.resolve(person_id, tenant)).state
    except NotFound:
        return None
    silent = await handlers.why_silent(stores, person)
    return Reachability(
        asked_id=person_id,
        person_id=person.id,
        suppressed=silent,
        channels=[] if silent else [WayView(**way._asdict()) for way in ways(person.contact)],
        neutral_sender=person.contact.neutral_sender,
        language=person.language,
        safe_hours=[HoursView(**dict(hours)) for hours in person.contact.safe_hours],
        given_names=None if silent else person.given_names,
    )


@router.post("/persons/{person_id}/merge", response_model=MergeReceipt)
async def merge(body: Annotated[Merging, JsonBody(Merging)], change: ChangingPerson) -> Response:
    """Merge a duplicate record into this one.

    The other record is this person too: it becomes an alias, its referrals come along. 409 with
    `conflicts` where both have an open referral to one service: say in `withdraw_referral_ids`
    which of each pair is withdrawn. 409 as well for two different NHS numbers. 422 for a record you
    do not know.
    """
    saved = await handlers.merge(
        change.stores,
        change.person_id,
        change.cause,
        retired_id=body.retired_id,
        reason=body.reason,
        withdraw=body.withdraw_referral_ids,
        if_match=change.if_match,
    )
    trail = [each for each in saved.state.merges if each.retired_id == body.retired_id]
    receipt = MergeReceipt(
        id=saved.id,
        version=saved.version,
        retired_id=body.retired_id,
        withdrawn_referral_ids=trail[-1].withdrawn_referral_ids if trail else (),
    )
    return answer(receipt)


@router.post("/persons/{person_id}/unmerge", response_model=UnmergeReceipt)
async def unmerge(
    body: Annotated[Unmerging, JsonBody(Unmerging)], change: ChangingPerson
) -> Response:
    """Undo a merge.

    They were two persons after all: the other record and its cases stand for themselves. 409 where
    there is no such merge.
    """
    saved, case_ids = await handlers.unmerge(
        change.stores,
        change.person_id,
        change.cause,
        retired_id=body.retired_id,
        reason=body.reason,
        if_match=change.if_match,
    )
    receipt = UnmergeReceipt(
        id=saved.id, version=saved.version, retired_id=body.retired_id, case_ids=case_ids
    )
    return answer(receipt)


@router.post("/persons/{person_id}/not-duplicate", response_model=PersonReceipt)
async def tell_apart(
    body: Annotated[Distinction, JsonBody(Distinction)], change: ChangingPerson
) -> Response:
    """Say that a like record is someone else.

    Someone looked: the two are not suggested again.
    """
    saved = await handlers.tell_apart(
        change.stores, change.person_id, change.cause, other_id=body.other_id
    )
    return answer(PersonReceipt.of(saved))
