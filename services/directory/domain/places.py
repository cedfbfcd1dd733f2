"""Places held in a service by referrals, and who waits for one.

A place is an entry keyed by the referral's id and holds what the latest of that referral's
facts says of it. ``seq`` counts the facts of one referral, so facts may come late, twice or
out of order: an entry only ever moves to a higher ``seq``, and the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.directory.domain.facts import Changed, recount
from services.directory.domain.record import Hold, HoldStatus, Service
from shared.cause import Cause
from shared.events import (
    AppointmentEvent,
    CaseProfiled,
    ContactAttempted,
    ReferralAccepted,
    ReferralAssigned,
    ReferralClosureProposed,
    ReferralCompleted,
    ReferralConsentWithdrawn,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
    ReferralFollowedUp,
    ReferralHeld,
    ReferralInfoProvided,
    ReferralInfoRequested,
    ReferralNotCompleted,
    ReferralReminderDue,
    ReferralRerouted,
    ReferralRerouteNeeded,
    ReferralResumed,
    ReferralReviewDue,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)

EFFECTS: Mapping[type[ReferralEvent], HoldStatus] = {
    ReferralCreated: "held",
    ReferralInfoRequested: "held",
    ReferralInfoProvided: "held",
    ReferralAccepted: "used",
    ReferralStarted: "used",
    ReferralHeld: "used",
    ReferralResumed: "used",
    ReferralWaitlisted: "waiting",
    ReferralDeclined: "released",
    ReferralExpired: "released",
    ReferralWithdrawn: "released",
    ReferralRerouted: "released",
    ReferralCompleted: "released",
    ReferralNotCompleted: "released",
    ReferralConsentWithdrawn: "released",
    ReferralEnteredInError: "released",
}
"""What each fact does to the referral's place.

Support on hold keeps its place. A referral made instead of another holds its own, under its
own id. Who took back their consent is cancelled; if they agree again and the referral goes
on, its next fact takes the place again.
"""

NO_EFFECT: frozenset[type[ReferralEvent]] = frozenset(
    {
        AppointmentEvent,
        CaseProfiled,
        ContactAttempted,
        ReferralAssigned,
        ReferralClosureProposed,
        ReferralFollowedUp,
        ReferralReminderDue,
        ReferralRerouteNeeded,
        ReferralReviewDue,
    }
)
"""Facts, with all their kinds, that leave a place as it is: the status stays."""

RELEASED_KEPT = 1000
"""How many released entries stay, the latest ones.

A released entry is what stops an old fact, sent again, from holding the place anew. It is
needed for as long as facts may come again one by one: after a crash (at most the few
hundred records of an uncommitted batch) or from the dead letters, days later. A replay of
the whole topic needs none, as it ends with the release again. A thousand is years of most
groups' referrals and some 80 kB of document, which every change writes again.
"""


def takes_place(event: ReferralEvent) -> bool:
    """Only an onward referral takes a place: an intake opens a case, a signpost informs."""
    return event.kind == "onward"


def follow_referral(service: Service, event: ReferralEvent, cause: Cause) -> Changed:
    """The service after a referral's fact; nothing changes where it is not news.

    Followed also where no capacity is stated: once it is, those who came before count, and
    a waiting list needs none.
    """
    status = EFFECTS.get(type(event))
    known = service.holds.get(event.referral_id)
    if status is None or not takes_place(event) or (known is not None and event.seq <= known.seq):
        return service, ()
    others = {id_: hold for id_, hold in service.holds.items() if id_ != event.referral_id}
    since = event.occurred_at if status == "waiting" else None
    latest = {event.referral_id: Hold(status=status, seq=event.seq, since=since)}
    followed = service.model_copy(update={"holds": _bounded({**others, **latest})})
    return recount(service, followed, (), cause)


def forget(service: Service, referral_ids: Sequence[str], cause: Cause) -> Changed:
    """Whatever these referrals hold is free, and no fact of theirs takes a place again."""
    going = {id_ for id_ in referral_ids if id_ in service.holds}
    if not going:
        return service, ()
    gone = Hold(status="released", seq=_NEVER_AGAIN)
    holds = {id_: gone if id_ in going else hold for id_, hold in service.holds.items()}
    return recount(service, service.model_copy(update={"holds": holds}), (), cause)


_NEVER_AGAIN = 2**31 - 1
"""Above the number of any fact: an entry that no replay changes."""


def _bounded(holds: Mapping[str, Hold]) -> Mapping[str, Hold]:
    released = [id_ for id_, hold in holds.items() if hold.status == "released"]
    dropped = set(released[:-RELEASED_KEPT])
    return {id_: hold for id_, hold in holds.items() if id_ not in dropped}
