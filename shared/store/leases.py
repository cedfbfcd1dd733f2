"""Who relays which slot: a fair share for each living owner.

Leases only make double sending rare; the consumers' memory of causes makes it harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.store.documents import SLOTS, Document


@dataclass(frozen=True, slots=True)
class Leases:
    """All leases of one collection; ``epoch`` counts changes and guards each one."""

    epoch: int
    owners: Mapping[str, datetime]
    """Until when each owner's leases run."""
    slots: Mapping[int, str]
    """The owner of each slot that has one."""

    def held_by(self, owner: str) -> frozenset[int]:
        """The slots of this owner."""
        return frozenset(slot for slot, holder in self.slots.items() if holder == owner)


NO_LEASES = Leases(epoch=0, owners={}, slots={})


def claim(leases: Leases, owner: str, now: datetime, ttl: timedelta) -> Leases:
    """The leases after ``owner`` has renewed its own and taken or returned slots.

    Owners whose time is up lose their slots. A share is the slots divided by the living
    owners, rounded up; an owner above its share returns the rest, one below takes free
    slots only, so that nothing is taken from under a living owner.
    """
    owners = {name: until for name, until in leases.owners.items() if until > now}
    owners[owner] = now + ttl
    slots = {slot: holder for slot, holder in leases.slots.items() if holder in owners}
    share = -(-SLOTS // len(owners))
    mine = [slot for slot in range(SLOTS) if slots.get(slot) == owner]
    for slot in mine[share:]:
        del slots[slot]
    free = [slot for slot in range(SLOTS) if slot not in slots]
    for slot in free[: max(0, share - len(mine))]:
        slots[slot] = owner
    return Leases(epoch=leases.epoch + 1, owners=owners, slots=slots)


def release(leases: Leases, owner: str) -> Leases:
    """The leases after ``owner`` has left."""
    return Leases(
        epoch=leases.epoch + 1,
        owners={name: until for name, until in leases.owners.items() if name != owner},
        slots={slot: holder for slot, holder in leases.slots.items() if holder != owner},
    )


def to_document(leases: Leases) -> Document:
    """The leases as they are stored."""
    return {
        "epoch": leases.epoch,
        "owners": [{"name": name, "until": until} for name, until in leases.owners.items()],
        "slots": [{"slot": slot, "owner": owner} for slot, owner in leases.slots.items()],
    }


def from_document(document: Document | None) -> Leases:
    """The stored leases; none where nothing is stored."""
    if document is None:
        return NO_LEASES
    return Leases(
        epoch=document["epoch"],
        owners={owner["name"]: owner["until"] for owner in document["owners"]},
        slots={entry["slot"]: entry["owner"] for entry in document["slots"]},
    )
