"""The use cases of the directory, called by the API and by the consumers alike."""

from services.directory.handlers.places import follow_referral
from services.directory.handlers.registers import (
    get_organisation,
    list_organisations,
    put_districts,
    put_organisations,
)
from services.directory.handlers.search import Match, Place, Wanted, find_services
from services.directory.handlers.services import (
    close_service,
    get_service,
    put_service,
    put_services,
)
from services.directory.handlers.upsert import Outcome, Upserted

__all__ = [
    "Match",
    "Outcome",
    "Place",
    "Upserted",
    "Wanted",
    "close_service",
    "find_services",
    "follow_referral",
    "get_organisation",
    "get_service",
    "list_organisations",
    "put_districts",
    "put_organisations",
    "put_service",
    "put_services",
]
