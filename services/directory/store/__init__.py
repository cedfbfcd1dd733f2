"""What the directory keeps, and how services are found in it."""

from __future__ import annotations

from dataclasses import dataclass

from services.directory.store.services import (
    Districts,
    Found,
    Near,
    Organisations,
    Services,
    key,
    words,
)

__all__ = ["Districts", "Found", "Near", "Organisations", "Services", "Stores", "key", "words"]


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything the directory keeps."""

    services: Services
    organisations: Organisations
    districts: Districts
