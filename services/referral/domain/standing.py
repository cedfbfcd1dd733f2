"""What happens in a person's life that the record must follow: change, move, death, risk."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from services.referral.domain.contact import FOR_A_CHILD
from services.referral.domain.person import (
    ChangedPerson,
    Death,
    Move,
    Person,
    Restriction,
    age_on,
    person_fact,
)
from shared import events
from shared.cause import Actor, Cause
from shared.errors import Conflict, FieldError, Forbidden, Invalid


def check_open_to(person: Person, actor: Actor) -> None:
    """Raise Forbidden where the record is restricted to others."""
    if not person.is_open_to(actor.subject):
        raise Forbidden("This record is restricted to the workers named on it.")


def check_referable(person: Person) -> None:
    """Raise Conflict where no referral may be made for the person: deceased, or held."""
    check_not_held(person)
    if person.deceased is not None:
        raise Conflict(
            "This person is recorded as deceased; revoke that first if it is wrong.",
            {"current_status": "deceased", "allowed": []},
        )


def check_not_held(person: Person) -> None:
    """Raise Conflict while a request to be erased waits for its decision."""
    if person.held is not None:
        raise Conflict(
            "This person asked to be erased, and nothing new is done until that is decided.",
            {"current_status": "processing_held", "allowed": []},
        )


def check_old_enough(person: Person, *, pointer: str, day: date, minimum_age: int) -> None:
    """Raise Invalid for someone under ``minimum_age`` without anyone who may agree for them.

    It names the field at ``pointer``, where the representative is to be stated.
    """
    if age_on(person.birth_date, day) >= minimum_age:
        return
    if person.representative is None:
        reason = f"someone under {minimum_age} needs a representative who may agree for them"
        raise _invalid(pointer, reason)
    if person.representative.authority not in FOR_A_CHILD:
        allowed = " or ".join(sorted(FOR_A_CHILD))
        raise _invalid(f"{pointer}/authority", f"for someone under {minimum_age} must be {allowed}")


def change(person: Person, cause: Cause, **changes: Any) -> ChangedPerson:
    """Facts about the person are put right."""
    check_open_to(person, cause.actor)
    check_not_held(person)
    changed = person.with_(**changes)
    if changed == person:
        return person, []
    return changed, [person_fact(events.PersonChanged, changed, cause)]


def move(person: Person, cause: Cause, *, move: Move, **contact: str | None) -> ChangedPerson:
    """The person lives elsewhere from that day; ``contact`` holds the new address."""
    check_open_to(person, cause.actor)
    moved = person.with_(moved=move, contact=person.contact.model_copy(update=contact))
    effective_at = datetime.combine(move.effective_on, time(), UTC)
    said: list[events.Event] = [
        person_fact(
            events.PersonMoved,
            moved,
            cause,
            effective_at=effective_at,
            out_of_area=move.out_of_area,
        )
    ]
    if moved.contact != person.contact:
        said.append(person_fact(events.PersonChanged, moved, cause))
    return moved, said


def record_death(person: Person, cause: Cause, *, died_on: date | None) -> ChangedPerson:
    """The person has died: from now on nothing is sent to or about them."""
    check_open_to(person, cause.actor)
    if person.deceased is not None:
        raise Conflict(
            "The person is recorded as deceased already.",
            {"current_status": "deceased", "allowed": ["revoke"]},
        )
    death = Death(
        died_on=died_on,
        recorded_at=cause.at,
        recorded_by=cause.actor.subject,
        organisation=cause.actor.organisation,
    )
    dead = person.with_(deceased=death)
    return dead, [person_fact(events.PersonDeceased, dead, cause)]


def revoke_death(person: Person, cause: Cause) -> ChangedPerson:
    """The death was recorded in error: they may be written to again, nothing is reopened."""
    check_open_to(person, cause.actor)
    if person.deceased is None:
        raise Conflict(
            "The person is not recorded as deceased.",
            {"current_status": "living", "allowed": ["deceased"]},
        )
    living = person.with_(deceased=None)
    return living, [person_fact(events.PersonDeceasedRevoked, living, cause)]


def restrict(
    person: Person, cause: Cause, *, named_workers: tuple[str, ...], reason_code: str
) -> ChangedPerson:
    """Only those named, and whoever names them, see the record."""
    check_open_to(person, cause.actor)
    restricted = person.with_(
        restriction=Restriction(
            named_workers=tuple(dict.fromkeys((*named_workers, cause.actor.subject))),
            reason_code=reason_code,
            recorded_at=cause.at,
            recorded_by=cause.actor.subject,
        )
    )
    return restricted, [
        person_fact(events.PersonRestrictionChanged, restricted, cause, restricted=True)
    ]


def lift_restriction(person: Person, cause: Cause) -> ChangedPerson:
    """The record is open to the team again."""
    check_open_to(person, cause.actor)
    if person.restriction is None:
        return person, []
    open_ = person.with_(restriction=None)
    return open_, [person_fact(events.PersonRestrictionChanged, open_, cause, restricted=False)]


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The referral cannot be made.", errors=(FieldError(pointer, reason),))
