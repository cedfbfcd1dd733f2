"""Making a referral: who, to which service, in which case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from services.referral.domain import listing as listings
from services.referral.domain import referral as referrals
from services.referral.domain.access import permit
from services.referral.domain.calendar import day_of
from services.referral.domain.clocks import expires_at
from services.referral.domain.consequences import follow
from services.referral.domain.duplicates import check_not_repeated, earlier_case
from services.referral.domain.lifecycle import Status
from services.referral.domain.matching import profiles
from services.referral.domain.person import Person
from services.referral.domain.record import Consent, ConsentScope
from services.referral.domain.referral import Referral
from services.referral.domain.rerouting import replaced_already
from services.referral.domain.standing import check_old_enough, check_open_to, check_referable
from services.referral.handlers.changing import change
from services.referral.handlers.consent import end_if_over
from services.referral.handlers.looking import check_open, known_among
from services.referral.handlers.merging import note_duplicates
from services.referral.store import NHS_NUMBER, ONE_OPEN, ONE_REPLACEMENT, Stores
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.events import ReferralKind, SourceCode
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
    consent_scope: tuple[ConsentScope, ...]
    source_code: SourceCode | None = None
    previous_case_id: str | None = None
    override_reason: str | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Referred:
    """The referral that was made, and whether someone has to look who else its person may be."""

    saved: Saved[Referral]
    has_candidates: bool


async def refer(stores: Stores, request: Request, cause: Cause) -> Referred:
    """Refer someone to a service.

    The person is written first, by an insert that may be repeated, then the referral with
    its fact. Raises Invalid naming the field, or Conflict with the ``referral_id`` of a
    referral of the same person to the same service that is open or ended lately, or
    Forbidden where the record of a person known here is restricted to others.
    """
    try:
        referral, person = await _prepared(stores, request, cause)
        saved = await _insert(stores, referral, person, cause)
    except (Conflict, Invalid) as refused:
        return Referred(await answered_before(stores, cause, refused), has_candidates=True)
    if request.draft:
        # No fact tells of a draft, so nobody else looks whether the person died meanwhile.
        await end_if_over(stores, saved.id, cause.following())
    return Referred(saved, has_candidates=saved.repeated or bool(person.candidates))


async def refer_instead_of(
    stores: Stores, old: Referral, request: Request, cause: Cause
) -> Saved[Referral]:
    """Refer with a new referral that replaces ``old``, which came from the same source."""
    try:
        referral, person = await _prepared(stores, request, cause)
        referral = referral.with_(
            replaces=old.id, source_organisation_id=old.source_organisation_id
        )
        return await _insert(stores, referral, person, cause)
    except (Conflict, Invalid) as refused:
        return await answered_before(stores, cause, refused)


async def submit(
    stores: Stores, referral_id: str, cause: Cause, *, if_match: int | None = None
) -> Saved[Referral]:
    """Finish a draft, by the rules for making a referral, as they apply now."""
    tenant = cause.actor.tenant
    draft = (await stores.referrals.get(referral_id, tenant)).state
    await check_open(stores, [draft], cause)
    permit(draft, cause.actor)
    rules = await stores.tenants.rules(tenant)
    if draft.status is Status.DRAFT:
        known = await stores.listings.look_up(draft.service_id, tenant)
        listings.check_takes(known, draft.kind)
        if draft.kind != "intake":
            intake = (await stores.referrals.get(draft.case_id, tenant)).state
            referrals.check_onward(intake, cause.actor)
        earlier = await stores.referrals.of_person(draft.person_id, draft.service_id, tenant)
        check_not_repeated(draft, earlier, cause.at, rules.duplicate_days)
    person = (await stores.persons.resolve(draft.person_id, tenant)).state
    check_referable(person)

    def command(written: Referral, cause: Cause) -> referrals.Changed:
        made, events = referrals.submit(written, cause, due_by=expires_at(cause.at, rules))
        return made, [*events, *profiles(made, person, cause)]

    try:
        return await change(stores, referral_id, command, cause, if_match=if_match)
    except Duplicate as taken:
        raise await _taken(stores, draft, taken) from None


async def answered_before(
    stores: Stores, cause: Cause, refused: Conflict | Invalid
) -> Saved[Referral]:
    """The first answer to a repeated request that would be refused by now, or the refusal."""
    if not cause.repeatable:
        raise refused
    try:
        return await stores.referrals.update(
            cause.make_id("referral"), lambda made: (made, []), cause
        )
    except NotFound:
        raise refused from None


async def _prepared(stores: Stores, request: Request, cause: Cause) -> tuple[Referral, Person]:
    """The referral as it would be made, with all that can be known of it beforehand, and whose."""
    tenant = cause.actor.tenant
    known = await stores.listings.look_up(request.service_id, tenant)
    listing = listings.check_takes(known, request.kind)
    if request.draft and request.kind == "signpost":
        raise _invalid("/draft", "leave it out: a signpost is given at once")
    referral_id, new_id = cause.make_id("referral"), cause.make_id("person")
    if request.kind == "intake":
        person = await _person_for(stores, request, new_id, cause)
        person_id = person.id
        case_id, source, team = referral_id, cause.actor.organisation, listing.organisation_id
        source_code: SourceCode = request.source_code or "practice"
    else:
        intake = await _case_of(stores, request, cause)
        person = (await stores.persons.resolve(intake.person_id, tenant)).state
        check_referable(person)
        person_id, case_id = person.id, intake.id
        source, team = intake.source_organisation_id, intake.team_organisation_id
        source_code = intake.source_code
    status = Status.GIVEN if request.kind == "signpost" else Status.SUBMITTED
    referral = Referral(
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
        source_code=source_code,
        previous_case_id=request.previous_case_id,
        override_reason=request.override_reason,
        consent=Consent(
            method=request.consent_method,
            scope=request.consent_scope,
            recorded_at=cause.at,
            recorded_by_organisation=cause.actor.organisation,
        ),
        status=Status.DRAFT if request.draft else status,
    )
    if person_id == new_id:
        return _alone(referral), person
    return await _beside_earlier(stores, referral, cause), person


def _alone(referral: Referral) -> Referral:
    """The first referral of a person described anew."""
    if referral.previous_case_id is not None:
        raise _not_their_case()
    return referral


async def _beside_earlier(stores: Stores, referral: Referral, cause: Cause) -> Referral:
    """The referral of a person known before: not a repetition, linked to their earlier case."""
    earlier = await stores.referrals.of_person(
        referral.person_id, referral.service_id, referral.tenant
    )
    rules = await stores.tenants.rules(referral.tenant)
    check_not_repeated(referral, earlier, cause.at, rules.duplicate_days)
    if referral.kind != "intake":
        return referral.with_(previous_case_id=None)
    stated = referral.previous_case_id
    if stated is None:
        return referral.with_(previous_case_id=earlier_case(referral, earlier))
    if not any(each.id == stated and each.kind == "intake" for each in earlier):
        raise _not_their_case()
    return referral


async def _insert(
    stores: Stores, referral: Referral, person: Person, cause: Cause
) -> Saved[Referral]:
    rules = await stores.tenants.rules(referral.tenant)
    answered = referral.kind == "signpost"
    due_by = None if answered else expires_at(cause.at, rules)
    if person.opted_out:
        referral = referral.with_(counted=False)
    made, events = referrals.create(referral, cause, due_by=due_by)
    events = [*events, *profiles(made, person, cause)]
    made, events = follow(None, made, events, cause, rules)
    try:
        return await stores.referrals.insert(made.id, made, events, cause)
    except Duplicate as taken:
        raise await _taken(stores, referral, taken) from None


async def _taken(stores: Stores, referral: Referral, taken: Duplicate) -> Conflict:
    """The refusal, naming the referral that is in the way."""
    if taken.index == ONE_REPLACEMENT and referral.replaces is not None:
        first = await stores.referrals.replacing(referral.replaces, referral.tenant)
        old = await stores.referrals.get(referral.replaces, referral.tenant)
        return replaced_already(old.state, first.id)
    if taken.index != ONE_OPEN:
        return taken
    first = await stores.referrals.open_between(
        referral.person_id, referral.service_id, referral.tenant
    )
    return Conflict(
        "This person has an open referral to this service already.",
        {"referral_id": first.id, "current_status": first.state.status.value},
    )


async def _person_for(stores: Stores, request: Request, new_id: str, cause: Cause) -> Person:
    tenant = cause.actor.tenant
    rules = await stores.tenants.rules(tenant)
    check_age = partial(check_old_enough, day=day_of(cause.at), minimum_age=rules.minimum_age)
    if request.person_id is not None:
        known = await _known_person(stores, request.person_id, cause)
        check_open_to(known, cause.actor)
        check_referable(known)
        check_age(known, pointer="/person_id")
        return known
    if request.new_person is None:
        raise _invalid("/person", "an intake describes the person, or names one by person_id")
    person = request.new_person(new_id)
    check_age(person, pointer="/person/representative")
    try:
        saved = await stores.persons.insert(person.id, person, [], cause)
    except Duplicate as taken:
        if taken.index != NHS_NUMBER or person.nhs_number is None:
            raise
        known = (await stores.persons.with_nhs_number(person.nhs_number, tenant)).state
        check_referable(known)
        return known
    return (await note_duplicates(stores, saved, cause)).state


async def _known_person(stores: Stores, person_id: str, cause: Cause) -> Person:
    """A person whom the actor's organisation knows. Raises Invalid for any other.

    An id that was learnt in another part, as a provider's, makes nobody known.
    """
    reason = "must be the id of a person your organisation knows"
    try:
        saved = await stores.persons.resolve(person_id, cause.actor.tenant)
    except NotFound:
        raise _invalid("/person_id", reason) from None
    if not await known_among(stores, [saved], cause.actor, cause.at):
        raise _invalid("/person_id", reason)
    return saved.state


async def _case_of(stores: Stores, request: Request, cause: Cause) -> Referral:
    if request.case_id is None:
        raise _invalid("/case_id", f"an {request.kind} referral names the case it belongs to")
    if request.person_id is not None or request.new_person is not None:
        raise _invalid("/person", "leave it out: the person is the case's")
    try:
        intake = (await stores.referrals.get(request.case_id, cause.actor.tenant)).state
        await check_open(stores, [intake], cause)
    except NotFound:
        raise _invalid("/case_id", "must be the id of a case you hold") from None
    referrals.check_onward(intake, cause.actor)
    return intake


def _not_their_case() -> Invalid:
    return _invalid("/previous_case_id", "must be the id of an earlier case of this person")


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The referral cannot be made.", errors=(FieldError(pointer, reason),))
