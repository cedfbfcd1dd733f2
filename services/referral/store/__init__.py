"""What the referral service keeps, one module for each collection."""

from __future__ import annotations

from dataclasses import dataclass

from services.referral.store.concerns import Concerns
from services.referral.store.erasures import Erasures
from services.referral.store.listings import Listings, listing_key
from services.referral.store.notes import Notes
from services.referral.store.overrides import Overrides
from services.referral.store.persons import NHS_NUMBER, Persons
from services.referral.store.referrals import (
    ONE_OPEN,
    ONE_REPLACEMENT,
    SOURCE,
    Referrals,
)
from services.referral.store.sessions import Sessions
from services.referral.store.teams import Teams, team_key
from services.referral.store.tenants import Tenant, Tenants
from services.referral.store.visible import visible_to, visible_with_person
from shared.store import DataKeys

__all__ = [
    "NHS_NUMBER",
    "ONE_OPEN",
    "ONE_REPLACEMENT",
    "SOURCE",
    "Concerns",
    "Erasures",
    "Listings",
    "Notes",
    "Overrides",
    "Persons",
    "Referrals",
    "Sessions",
    "Stores",
    "Teams",
    "Tenant",
    "Tenants",
    "listing_key",
    "team_key",
    "visible_to",
    "visible_with_person",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """All that the referral service keeps."""

    referrals: Referrals
    persons: Persons
    listings: Listings
    tenants: Tenants
    teams: Teams
    notes: Notes
    sessions: Sessions
    concerns: Concerns
    erasures: Erasures
    person_keys: DataKeys
    overrides: Overrides
