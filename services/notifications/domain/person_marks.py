"""What notifications must know of a person before asking anyone: whether they have died.

The referral service says so at each attempt as well. This mark holds while that is away,
and puts facts that come late or twice in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain.frozen import Frozen
from shared.events import Event, PersonDeceased, PersonEvent


class PersonMark(Frozen):
    """Whether the person of this id has died, by the newest fact heard of it."""

    id: str
    tenant: str
    deceased: bool
    seq: int
    """The newest fact's number among the person's facts."""


def mark_of(event: PersonEvent) -> PersonMark:
    """The mark this fact makes."""
    return PersonMark(
        id=event.person_id,
        tenant=event.tenant,
        deceased=isinstance(event, PersonDeceased),
        seq=event.seq,
    )


def newer(mark: PersonMark, other: PersonMark) -> tuple[PersonMark, Sequence[Event]]:
    """Whichever mark rests on the newer fact."""
    return (other if other.seq > mark.seq else mark), ()
