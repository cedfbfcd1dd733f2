"""How many people a service can take, and who waits."""

from __future__ import annotations

from services.directory import domain
from services.directory.domain import Service
from services.directory.store import Stores, key
from shared.cause import Actor, Cause
from shared.store import Saved


async def put_capacity(
    stores: Stores, service_id: str, *, unit: str, maximum: int, cause: Cause, if_match: int | None
) -> Saved[Service]:
    """State how many places the service has; the same again changes nothing."""
    return await stores.services.update(
        key(cause.actor.tenant, service_id),
        lambda service: domain.state_capacity(service, unit, maximum, cause),
        cause,
        if_match=if_match,
        remember=cause.repeatable,
        check=lambda service: domain.check_owner(service, cause.actor),
    )


async def see_waiting_list(stores: Stores, service_id: str, actor: Actor) -> Saved[Service]:
    """The service, for its own provider or a curator; raises NotFound for another's."""
    saved = await stores.services.get(key(actor.tenant, service_id), actor.tenant)
    domain.check_owner(saved.state, actor)
    return saved
