"""What the referral service keeps, and how it is found again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.referral.domain.listing import Listing
from services.referral.domain.person import Person
from services.referral.domain.referral import Referral
from shared.cause import Actor
from shared.errors import NotFound
from shared.store import Collection, Index, Saved, Store

SOURCE = "/linkway/referral"
ONE_OPEN = "one_open_per_service"
NHS_NUMBER = "nhs_number"

_LISTING_AGE = 5.0
"""Seconds a listing is used from memory: a closed service is refused within that time."""


class Referrals(Store[Referral]):
    """One document per referral, its appointments inside it."""

    model = Referral
    source = SOURCE
    indexes = (
        Index(
            ONE_OPEN,
            (("tenant", 1), ("state.person_id", 1), ("state.service_id", 1)),
            unique=True,
            where={"facets.open": True},
        ),
        Index("case", (("tenant", 1), ("state.case_id", 1))),
        Index(
            "inbox",
            (
                ("tenant", 1),
                ("state.provider_organisation_id", 1),
                ("state.status", 1),
                ("created_at", -1),
            ),
        ),
    )

    def facets(self, state: Referral) -> Mapping[str, Any]:
        """Whether it is open, for the rule of one open referral per person and service."""
        return {"open": True if state.is_open else None}

    def receipt(self, state: Referral) -> Mapping[str, Any]:
        """The status a command led to."""
        return {"status": state.status.value}

    async def open_between(self, person_id: str, service_id: str, tenant: str) -> Saved[Referral]:
        """The open referral of this person to this service. Raises NotFound without one."""
        page = await self.find(
            tenant,
            {"state.person_id": person_id, "state.service_id": service_id, "facets.open": True},
            limit=1,
        )
        if not page.items:
            raise NotFound("There is no open referral of this person to this service.")
        return page.items[0]


class Persons(Store[Person]):
    """One document per person: the only place that knows who someone is."""

    model = Person
    listed = False
    indexes = (
        Index(
            NHS_NUMBER,
            (("tenant", 1), ("state.nhs_number", 1)),
            unique=True,
            where={"facets.has_nhs_number": True},
        ),
    )

    def facets(self, state: Person) -> Mapping[str, Any]:
        """Whether there is a number that must be unique."""
        return {"has_nhs_number": True if state.nhs_number else None}

    async def with_nhs_number(self, nhs_number: str, tenant: str) -> Saved[Person]:
        """The person with this NHS number. Raises NotFound without one."""
        page = await self.find(
            tenant, {"state.nhs_number": nhs_number, "facets.has_nhs_number": True}, limit=1
        )
        if not page.items:
            raise NotFound("There is no person with this NHS number.")
        return page.items[0]


class Listings(Store[Listing]):
    """One document per service of the directory, as last heard of."""

    model = Listing
    listed = False

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._recent: dict[tuple[str, str], tuple[float, Listing]] = {}

    async def look_up(self, service_id: str, tenant: str) -> Listing | None:
        """The listing, at most a few seconds old; None where the service is not known."""
        held = self._recent.get((tenant, service_id))
        if held is not None and time.monotonic() - held[0] < _LISTING_AGE:
            return held[1]
        try:
            listing = (await self.get(listing_key(tenant, service_id), tenant)).state
        except NotFound:
            return None
        if len(self._recent) >= _MOST_RECENT:
            self._recent.clear()
        self._recent[tenant, service_id] = (time.monotonic(), listing)
        return listing


_MOST_RECENT = 10_000


def listing_key(tenant: str, service_id: str) -> str:
    """The id of a listing's document: tenants may list a service under the same id."""
    return f"{tenant}/{service_id}"


@dataclass(frozen=True, slots=True)
class Stores:
    """All that the referral service keeps."""

    referrals: Referrals
    persons: Persons
    listings: Listings


def visible_to(actor: Actor) -> Mapping[str, Any]:
    """The filter for referrals an actor may know of; operations see all, without persons."""
    if actor.role == "operations":
        return {}
    organisation = actor.organisation
    return {
        "$or": [
            {"state.provider_organisation_id": organisation},
            {"state.referrer_organisation_id": organisation},
            {"state.source_organisation_id": organisation},
            {"state.team_organisation_id": organisation},
        ]
    }
