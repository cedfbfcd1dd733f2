"""The National Data Opt-out: a person's data is used for their own care, and counted nowhere.

The choice itself is the person's with NHS England; here it is written down as the practice or
the team learned of it, with who did and when. It reaches back: cases counted before are taken
out of reports, and come back if the choice is changed.
"""

from __future__ import annotations

from services.referral.domain.matching import profiles
from services.referral.domain.person import ChangedPerson, OptOut, Person, person_fact
from services.referral.domain.referral import Changed, Referral
from services.referral.domain.standing import check_open_to
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import PersonDataOptOutChanged

_MOST = 100
"""Changes a record keeps; more are a mistake somewhere."""


def choose(person: Person, cause: Cause, *, opted_out: bool) -> ChangedPerson:
    """Write down the person's choice; saying again what stands changes nothing."""
    check_open_to(person, cause.actor)
    if person.opted_out is opted_out:
        return person, []
    if len(person.opt_outs) >= _MOST:
        raise Conflict("The record of the opt-out is full.", {"limit": _MOST})
    choice = OptOut(
        opted_out=opted_out,
        recorded_at=cause.at,
        recorded_by=cause.actor.subject,
        organisation=cause.actor.organisation,
    )
    chosen = person.with_(opt_outs=(*person.opt_outs, choice))
    return chosen, [person_fact(PersonDataOptOutChanged, chosen, cause, opted_out=opted_out)]


def follow_choice(referral: Referral, cause: Cause, *, person: Person) -> Changed:
    """A case is counted, or taken out of reports, as the person chose."""
    counted = not person.opted_out
    if referral.kind != "intake" or referral.counted is counted:
        return referral, []
    followed = referral.with_(counted=counted)
    return followed, [*profiles(followed, person, cause)]
