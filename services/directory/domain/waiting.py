"""How many people a service can take, and who waits for a place, in their order."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel

from services.directory.domain.facts import Changed, recount
from services.directory.domain.parts import Capacity
from services.directory.domain.record import Service
from shared.cause import Cause


class Waiting(BaseModel):
    """One referral on the waiting list; ``position`` counts from 1."""

    position: int
    referral_id: str
    since: AwareDatetime | None = None


def waiting_list(service: Service) -> tuple[Waiting, ...]:
    """Who waits, the one who was put on the list first at its head."""
    return tuple(
        Waiting(position=position, referral_id=id_, since=service.holds[id_].since)
        for position, id_ in enumerate(service.waiting, start=1)
    )


def state_capacity(service: Service, unit: str, maximum: int, cause: Cause) -> Changed:
    """The service with this many places; those who hold one keep it, however many they are."""
    known = service.listing.capacity
    capacity = Capacity(
        unit=unit, maximum=maximum, description=None if known is None else known.description
    )
    if capacity == known:
        return service, ()
    listing = service.listing.model_copy(update={"capacity": capacity})
    return recount(service, service.model_copy(update={"listing": listing}), (), cause)
