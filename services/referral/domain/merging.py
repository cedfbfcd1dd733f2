"""Two records of one person become one, and two again if that was wrong.

The record that stays holds the decision and its trail; the other becomes an alias of it
and keeps all it had. Referrals follow, each remembering whose it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.referral.domain.contact import Contact, WaySafety
from services.referral.domain.matching import may_be_one
from services.referral.domain.person import (
    ChangedPerson,
    Merge,
    OptOut,
    Person,
    Restriction,
    Statistics,
    person_fact,
)
from services.referral.domain.referral import Changed, Referral
from services.referral.domain.standing import check_not_held, check_open_to
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import PersonMerged, PersonUnmerged

_FILLED = ("language", "representative", "moved")
"""Fields taken where the record that stays has none."""


def merge(
    survivor: Person,
    cause: Cause,
    *,
    retired: Person,
    reason: str,
    withdrawing: Sequence[str] = (),
) -> ChangedPerson:
    """``retired`` is found to be ``survivor``: what it knew fills the gaps, safety adds up.

    Raises Conflict where they are two persons, or one of them is an alias already, or only
    one of them is recorded as deceased.
    """
    check_open_to(survivor, cause.actor)
    check_open_to(retired, cause.actor)
    _check_mergeable(survivor, retired)
    combined = _combined(survivor, retired)
    before, after = survivor.model_dump(mode="json"), combined.model_dump(mode="json")
    changed = [name for name in after if before[name] != after[name]]
    trail = Merge(
        retired_id=retired.id,
        reason=reason,
        at=cause.at,
        by=cause.actor.subject,
        organisation=cause.actor.organisation,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        nhs_number_taken=retired.nhs_number if survivor.nhs_number is None else None,
        withdrawn_referral_ids=tuple(withdrawing),
    )
    merged = combined.with_(merges=(*survivor.merges, trail))
    return merged, [person_fact(PersonMerged, merged, cause, retired_id=retired.id)]


def unmerge(
    survivor: Person, cause: Cause, *, retired_id: str, reason: str, case_ids: Sequence[str]
) -> ChangedPerson:
    """They were two after all: what was taken and not changed since is given back."""
    check_open_to(survivor, cause.actor)
    trail = in_force(survivor, retired_id)
    if trail is None:
        raise Conflict(
            "There is no such merge to undo.", {"current_status": "separate", "allowed": ["merge"]}
        )
    now = survivor.model_dump(mode="json")
    given_back: dict[str, Any] = {
        name: value for name, value in trail.before.items() if now[name] == trail.after[name]
    }
    if trail.after.get("consents") and "consents" not in given_back:
        taken = _ids(trail.after["consents"]) - _ids(trail.before["consents"])
        given_back["consents"] = [each for each in now["consents"] if each["id"] not in taken]
    if trail.nhs_number_taken and survivor.nhs_number == trail.nhs_number_taken:
        given_back["nhs_number"] = None
    undone = trail.model_copy(
        update={
            "undone_at": cause.at,
            "undone_by": cause.actor.subject,
            "undone_reason": reason,
            "case_ids": tuple(case_ids),
        }
    )
    parted = survivor.with_(
        **given_back,
        merges=tuple(undone if each is trail else each for each in survivor.merges),
        distinct_from=tuple(dict.fromkeys((*survivor.distinct_from, retired_id))),
        candidates=tuple(each for each in survivor.candidates if each != retired_id),
    )
    fact = person_fact(
        PersonUnmerged, parted, cause, retired_id=retired_id, case_ids=tuple(case_ids)
    )
    return parted, [fact]


def in_force(survivor: Person, retired_id: str) -> Merge | None:
    """The merge of that record into this one, unless it was undone."""
    return next(
        (
            each
            for each in reversed(survivor.merges)
            if each.retired_id == retired_id and each.undone_at is None
        ),
        None,
    )


def retire(person: Person, survivor_id: str) -> ChangedPerson:
    """The record is an alias of the survivor from now on; all it held stays in it.

    Where each was merged into the other at the same moment, the smaller id stays.
    """
    if person.merged_into is not None:
        return person, []
    if in_force(person, survivor_id) is not None and person.id < survivor_id:
        return person, []
    return person.with_(merged_into=survivor_id, candidates=()), []


def restore(person: Person, survivor_id: str) -> ChangedPerson:
    """The record stands for itself again."""
    if person.merged_into != survivor_id:
        return person, []
    distinct = tuple(dict.fromkeys((*person.distinct_from, survivor_id)))
    return person.with_(merged_into=None, distinct_from=distinct), []


def take_nhs_number(survivor: Person, retired_id: str) -> ChangedPerson:
    """The survivor's number is the one the alias had: only once the alias has let go of it."""
    trail = in_force(survivor, retired_id)
    if trail is None or trail.nhs_number_taken is None or survivor.nhs_number is not None:
        return survivor, []
    return survivor.with_(nhs_number=trail.nhs_number_taken), []


def rekey(referral: Referral, way: Sequence[str]) -> Changed:
    """The referral is the survivor's; ``way`` leads from the alias to it, by way of others."""
    if referral.person_id not in way[:-1]:
        return referral, []
    passed = way[way.index(referral.person_id) : -1]
    before = (*referral.person_ids_before, *passed)
    return referral.with_(person_id=way[-1], person_ids_before=before), []


def unkey(referral: Referral, retired_id: str) -> Changed:
    """The referral is that person's again, if it was when the records were merged."""
    before = referral.person_ids_before
    if retired_id not in before:
        return referral, []
    return referral.with_(
        person_id=retired_id, person_ids_before=before[: before.index(retired_id)]
    ), []


def _check_mergeable(survivor: Person, retired: Person) -> None:
    if survivor.id == retired.id:
        raise Conflict("This is one record already.", {"current_status": "merged", "allowed": []})
    if in_force(survivor, retired.id) is not None:
        raise Conflict(
            "The records are merged already.", {"current_status": "merged", "allowed": ["unmerge"]}
        )
    for person in (survivor, retired):
        check_not_held(person)
        if person.merged_into is not None:
            raise Conflict(
                "One of the records is merged into another already.",
                {"current_status": "merged", "merged_into": person.merged_into, "allowed": []},
            )
    parted = survivor.model_copy(update={"distinct_from": ()})
    if not may_be_one(parted, retired.model_copy(update={"distinct_from": ()})):
        raise Conflict(
            "The records have different NHS numbers: they are two persons.",
            {"current_status": "distinct", "allowed": []},
        )
    if (survivor.deceased is None) is not (retired.deceased is None):
        raise Conflict(
            "Only one of the records says that the person has died: settle that first.",
            {"current_status": "deceased", "allowed": ["deceased", "revoke"]},
        )


def _combined(survivor: Person, retired: Person) -> Person:
    filled = {
        name: getattr(survivor, name) or getattr(retired, name)
        for name in (*_FILLED, "interpreter_needed")
    }
    needs = {
        name: tuple(dict.fromkeys((*getattr(survivor, name), *getattr(retired, name))))
        for name in ("communication_needs", "accessibility_needs")
    }
    consents = sorted(
        {each.id: each for each in (*survivor.consents, *retired.consents)}.values(),
        key=lambda each: each.recorded_at,
    )
    return survivor.with_(
        **filled,
        **needs,
        contact=_both(survivor.contact, retired.contact),
        statistics=_stated(survivor.statistics, retired.statistics),
        restriction=_stricter(survivor.restriction, retired.restriction),
        consents=tuple(consents),
        legal_hold=survivor.legal_hold or retired.legal_hold,
        opt_outs=_all_opt_outs(survivor, retired),
        candidates=tuple(each for each in survivor.candidates if each != retired.id),
    )


def _all_opt_outs(survivor: Person, retired: Person) -> tuple[OptOut, ...]:
    """Every change of either; where one of them had opted out, so has the person."""
    every = sorted((*survivor.opt_outs, *retired.opt_outs), key=lambda each: each.recorded_at)
    if survivor.opted_out == retired.opted_out:
        return tuple(every)
    stands = survivor if survivor.opted_out else retired
    return (*(each for each in every if each != stands.opt_outs[-1]), stands.opt_outs[-1])


def _both(stays: Contact, goes: Contact) -> Contact:
    """The contact details that stay, with gaps filled; whatever protects the person adds up."""
    gaps = {
        name: getattr(stays, name) or getattr(goes, name)
        for name in ("email", "telephone", "preferences", "safe_hours")
    }
    if not stays.address and not stays.postal_code:
        gaps |= {"address": goes.address, "postal_code": goes.postal_code}
    guards = {
        name: getattr(stays, name) or getattr(goes, name)
        for name in ("do_not_contact", "neutral_sender", "address_hidden")
    }
    safety = {**goes.safety, **stays.safety}
    for way, said in goes.safety.items():
        if not said.safe:
            safety[way] = WaySafety(safe=False)
    return Contact.model_validate({**dict(stays), **gaps, **guards, "safety": safety})


def _stated(stays: Statistics, goes: Statistics) -> Statistics:
    unstated = dict(Statistics())
    return Statistics.model_validate(
        {
            name: value if value != unstated[name] else getattr(goes, name)
            for name, value in dict(stays).items()
        }
    )


def _stricter(stays: Restriction | None, goes: Restriction | None) -> Restriction | None:
    """Where both are restricted, only those named on both see the one record."""
    if stays is None or goes is None:
        return stays or goes
    both = tuple(each for each in stays.named_workers if each in goes.named_workers)
    return stays.model_copy(update={"named_workers": both})


def _ids(entries: Sequence[Any]) -> frozenset[str]:
    return frozenset(each["id"] for each in entries)
