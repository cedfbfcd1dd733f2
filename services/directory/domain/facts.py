"""What is told of a service: the words all its facts share, and when its places are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.directory.domain.record import Service
from shared.cause import Cause
from shared.events import CapacityChanged, DirectoryEvent, EventActor

Changed = tuple[Service, Sequence[DirectoryEvent]]
"""A service after a change, and what there is to tell of it."""


def said(service: Service, cause: Cause) -> dict[str, Any]:
    """What every fact about the service says."""
    return {
        "tenant": service.tenant,
        "occurred_at": cause.at,
        "actor": EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        "service_id": service.listing.id,
        "organisation_id": service.listing.organization.id,
        "service_role": service.listing.service_role,
    }


def recount(
    before: Service | None, after: Service, facts: Sequence[DirectoryEvent], cause: Cause
) -> Changed:
    """``after`` and the facts, with ``capacity-changed`` where places or who waits moved.

    Nothing is told of a service that states no capacity.
    """
    counts = _counts(after)
    if counts == (None if before is None else _counts(before)):
        return after, facts
    counted = after.model_copy(update={"capacity_updated": cause.at})
    if counts is None:
        return counted, facts
    return counted, [*facts, CapacityChanged(**said(after, cause), **counts)]


def _counts(service: Service) -> dict[str, Any] | None:
    capacity = service.listing.capacity
    if capacity is None:
        return None
    return {
        "unit": capacity.unit,
        "maximum": capacity.maximum,
        "available": service.available,
        "waiting": len(service.waiting),
        "next_referral_id": service.next_referral_id,
    }
