"""Places held in a service by referrals.

A place is an entry keyed by the referral's id and holds what the latest of that referral's
facts says of it. ``seq`` counts the facts of one referral, so facts may come late, twice or
out of order: an entry only ever moves to a higher ``seq``, and the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.directory.domain.service import Changed, Hold, HoldStatus, Service, recount
from shared.cause import Cause
from shared.events import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralNotCompleted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)

EFFECTS: Mapping[type[ReferralEvent], HoldStatus] = {
    ReferralCreated: "held",
    ReferralAccepted: "used",
    ReferralWaitlisted: "released",
    ReferralDeclined: "released",
    ReferralWithdrawn: "released",
    ReferralCompleted: "released",
    ReferralNotCompleted: "released",
}
"""What each fact does to the referral's place; who is on the waiting list holds none."""

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

    A place is taken only where a capacity is stated; an entry that exists goes on being
    followed even if the capacity is no longer stated.
    """
    known = service.holds.get(event.referral_id)
    if known is None and service.listing.capacity is None:
        return service, ()
    if not takes_place(event) or (known is not None and event.seq <= known.seq):
        return service, ()
    others = {id_: hold for id_, hold in service.holds.items() if id_ != event.referral_id}
    latest = {event.referral_id: Hold(status=EFFECTS[type(event)], seq=event.seq)}
    followed = service.model_copy(update={"holds": _bounded({**others, **latest})})
    return recount(service.available, followed, (), cause)


def _bounded(holds: Mapping[str, Hold]) -> Mapping[str, Hold]:
    released = [id_ for id_, hold in holds.items() if hold.status == "released"]
    dropped = set(released[:-RELEASED_KEPT])
    return {id_: hold for id_, hold in holds.items() if id_ not in dropped}
