"""Making a referral: who, to which service, in which case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.referral.domain import listing as listings
from services.referral.domain import referral as referrals
from services.referral.domain.disclosure import sight
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Person
from services.referral.domain.referral import Consent, Referral
from services.referral.store import NHS_NUMBER, ONE_OPEN, Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.events import ReferralKind
from shared.store import Duplicate, Saved


@dataclass(frozen=True, slots=True)
class Request:
    """What someone asks for when referring: a person known, or one described anew."""

    kind: ReferralKind
    service_id: str
    case_id: str | None
    person_id: str | None
    new_person: Callable[[str], Person] | None
    """Makes the person under the id it is given."""
    need_codes: tuple[str, ...]
    priority: Literal["routine", "urgent"]
    reason: str
    consent_method: Literal["verbal", "written", "representative"]


async def refer(stores: Stores, request: Request, cause: Cause) -> Saved[Referral]:
    """Refer someone to a service.

    The person is written first, by an insert that may be repeated, then the referral with
    its fact. Raises Invalid naming the field, or Conflict with the ``referral_id`` of an
    open referral of the same person to the same service.
    """
    tenant = cause.actor.tenant
    known = await stores.listings.look_up(request.service_id, tenant)
    listing = listings.check_takes(known, request.kind)
    referral_id = cause.make_id("referral")
    if request.kind == "intake":
        person_id = await _person_for(stores, request, cause)
        case_id, source, team = referral_id, cause.actor.organisation, listing.organisation_id
    else:
        intake = await _case_of(stores, request, cause.actor)
        person_id, case_id = intake.person_id, intake.id
        source, team = intake.source_organisation_id, intake.team_organisation_id
    referral, events = referrals.create(
        Referral(
            id=referral_id,
            tenant=tenant,
            kind=request.kind,
            case_id=case_id,
            person_id=person_id,
            service_id=request.service_id,
            provider_organisation_id=listing.organisation_id,
            referrer_organisation_id=cause.actor.organisation,
            source_organisation_id=source,
            team_organisation_id=team,
            need_codes=request.need_codes,
            priority=request.priority,
            reason=request.reason,
            consent=Consent(
                method=request.consent_method,
                recorded_at=cause.at,
                recorded_by_organisation=cause.actor.organisation,
            ),
            status=Status.GIVEN if request.kind == "signpost" else Status.SUBMITTED,
        ),
        cause,
    )
    try:
        return await stores.referrals.insert(referral_id, referral, events, cause)
    except Duplicate as taken:
        if taken.index != ONE_OPEN:
            raise
        first = await stores.referrals.open_between(person_id, request.service_id, tenant)
        raise Conflict(
            "This person has an open referral to this service already.",
            {"referral_id": first.id, "current_status": first.state.status.value},
        ) from None


async def _person_for(stores: Stores, request: Request, cause: Cause) -> str:
    tenant = cause.actor.tenant
    if request.person_id is not None:
        try:
            await stores.persons.get(request.person_id, tenant)
        except NotFound:
            raise _invalid("/person_id", "must be the id of a person known here") from None
        return request.person_id
    if request.new_person is None:
        raise _invalid("/person", "an intake describes the person, or names one by person_id")
    person = request.new_person(cause.make_id("person"))
    try:
        await stores.persons.insert(person.id, person, [], cause)
    except Duplicate as taken:
        if taken.index != NHS_NUMBER or person.nhs_number is None:
            raise
        return (await stores.persons.with_nhs_number(person.nhs_number, tenant)).id
    return person.id


async def _case_of(stores: Stores, request: Request, actor: Actor) -> Referral:
    if request.case_id is None:
        raise _invalid("/case_id", f"an {request.kind} referral names the case it belongs to")
    if request.person_id is not None or request.new_person is not None:
        raise _invalid("/person", "leave it out: the person is the case's")
    try:
        intake = (await stores.referrals.get(request.case_id, actor.tenant)).state
        sight(intake, actor)
    except NotFound:
        raise _invalid("/case_id", "must be the id of a case you hold") from None
    referrals.check_onward(intake, actor)
    return intake


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The referral cannot be made.", errors=(FieldError(pointer, reason),))
