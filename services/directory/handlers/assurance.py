"""Making sure that listings are so: by hand, by a link, and by asking in time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.directory import domain
from services.directory.domain import AssuranceRules, Service
from services.directory.store import Stores, key
from shared.cause import Actor, Cause
from shared.errors import Contended, NotFound
from shared.ids import derived_id
from shared.links import Links
from shared.store import Saved

log = structlog.get_logger("directory")

_CONFIRM = "confirm-service"
_CLAIMED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ConfirmLink:
    """An address at which the listing can be confirmed until ``expires_at``."""

    url: str
    expires_at: datetime


async def assure_service(
    stores: Stores, service_id: str, cause: Cause, if_match: int | None
) -> Saved[Service]:
    """Whoever is responsible for the service says that its listing is so."""
    return await stores.services.update(
        key(cause.actor.tenant, service_id),
        lambda service: domain.assure(service, cause),
        cause,
        if_match=if_match,
        check=lambda service: domain.check_owner(service, cause.actor),
    )


async def make_confirm_link(
    stores: Stores, links: Links, service_id: str, cause: Cause, lifetime: timedelta
) -> ConfirmLink:
    """A link by which the service's present organisation can confirm its listing."""
    tenant = cause.actor.tenant
    saved = await stores.services.get(key(tenant, service_id), tenant)
    subject = f"{service_id}/{saved.state.listing.organization.id}"
    expires_at = (cause.at + lifetime).replace(microsecond=0)
    token = links.issue(_CONFIRM, subject, expires_at, tenant)
    return ConfirmLink(links.url("confirm", token), expires_at)


async def see_listing_to_confirm(
    stores: Stores, links: Links, token: str, now: datetime
) -> Saved[Service]:
    """The service that a link is about. Raises NotFound where the link is no good (any more)."""
    read = links.read(token, _CONFIRM, now)
    service_id, _, organisation_id = read.subject.partition("/")
    saved = await stores.services.get(key(read.tenant, service_id), read.tenant)
    if saved.state.listing.organization.id != organisation_id:
        raise NotFound("This link does not work, or does not work any more.")
    return saved


async def confirm_listing(
    stores: Stores, links: Links, token: str, now: datetime, traceparent: str | None
) -> Saved[Service]:
    """Whoever holds the link says that the listing is so; again under it changes nothing.

    Raises NotFound as ``see_listing_to_confirm`` does, Conflict where the service is closed.
    """
    read = links.read(token, _CONFIRM, now)
    service_id, _, organisation_id = read.subject.partition("/")
    cause = Cause(
        id=derived_id(_CONFIRM, read.token_id),
        actor=Actor(f"link-{read.token_id}", "provider", organisation_id, read.tenant),
        at=now,
        traceparent=traceparent,
        repeatable=True,
    )
    return await stores.services.update(
        key(read.tenant, service_id),
        lambda service: domain.confirm(service, organisation_id, cause),
        cause,
    )


async def ask_for_assurance(
    stores: Stores, rules: AssuranceRules, now: datetime, lease: timedelta
) -> int:
    """Ask for confirmation of what is due ``now``; how many were claimed, some hundred at most.

    Each is claimed by one replica for ``lease``. What cannot be written down in that time
    comes back when it is over, and a stage that was told is not told again.
    """

    async def ask(saved: Saved[Service]) -> None:
        organisation = saved.state.listing.organization.id
        actor = Actor("directory", "service", organisation, saved.state.tenant)
        cause = Cause(id=derived_id("assurance", saved.id, now.isoformat()), actor=actor, at=now)
        try:
            await stores.services.update(
                saved.id, lambda service: domain.ask(service, cause, rules), cause, remember=False
            )
        except (Contended, NotFound):
            log.info("assurance-not-asked", service_id=saved.state.listing.id)

    claimed = await stores.services.claim_due(now, lease, _CLAIMED_AT_ONCE)
    await asyncio.gather(*map(ask, claimed))
    return len(claimed)
