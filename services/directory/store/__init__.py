"""What the directory keeps, and how services are found in it."""

from __future__ import annotations

from dataclasses import dataclass

from services.directory.store.erasures import Erasures
from services.directory.store.finding import Found, Near
from services.directory.store.services import Districts, Organisations, Services, key
from services.directory.store.tags import FACETS, FacetName, words
from services.directory.store.unmet import UnmetNeeds

__all__ = [
    "FACETS",
    "Districts",
    "Erasures",
    "FacetName",
    "Found",
    "Near",
    "Organisations",
    "Services",
    "Stores",
    "UnmetNeeds",
    "key",
    "words",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything the directory keeps."""

    services: Services
    organisations: Organisations
    districts: Districts
    unmet: UnmetNeeds
    erasures: Erasures
