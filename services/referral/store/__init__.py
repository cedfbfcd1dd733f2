"""What the referral service keeps, one module for each collection."""

from __future__ import annotations

from dataclasses import dataclass

from services.referral.store.listings import Listings, listing_key
from services.referral.store.persons import NHS_NUMBER, Persons
from services.referral.store.referrals import ONE_OPEN, SOURCE, Referrals, visible_to

__all__ = [
    "NHS_NUMBER",
    "ONE_OPEN",
    "SOURCE",
    "Listings",
    "Persons",
    "Referrals",
    "Stores",
    "listing_key",
    "visible_to",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """All that the referral service keeps."""

    referrals: Referrals
    persons: Persons
    listings: Listings
