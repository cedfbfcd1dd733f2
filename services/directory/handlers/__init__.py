"""The use cases of the directory, called by the API and by the consumers alike."""

from services.directory.handlers.assurance import (
    ConfirmLink,
    ask_for_assurance,
    assure_service,
    confirm_listing,
    make_confirm_link,
    see_listing_to_confirm,
)
from services.directory.handlers.capacity import put_capacity, see_waiting_list
from services.directory.handlers.matching import Match, Matches, match_services
from services.directory.handlers.organisations import close_services_of
from services.directory.handlers.places import follow_referral
from services.directory.handlers.problems import (
    Reported,
    list_problems,
    report_problem,
    resolve_problem,
)
from services.directory.handlers.registers import (
    get_organisation,
    list_organisations,
    put_districts,
    put_organisations,
)
from services.directory.handlers.search import (
    Counts,
    Place,
    Wanted,
    count_facets,
    find_services,
)
from services.directory.handlers.services import (
    close_service,
    get_service,
    put_service,
    put_services,
)
from services.directory.handlers.tree import Standing, move, see_place
from services.directory.handlers.unmet import count_unmet_needs, follow_need, note_unmet_need
from services.directory.handlers.upsert import Outcome, Upserted

__all__ = [
    "ConfirmLink",
    "Counts",
    "Match",
    "Matches",
    "Outcome",
    "Place",
    "Reported",
    "Standing",
    "Upserted",
    "Wanted",
    "ask_for_assurance",
    "assure_service",
    "close_service",
    "close_services_of",
    "confirm_listing",
    "count_facets",
    "count_unmet_needs",
    "find_services",
    "follow_need",
    "follow_referral",
    "get_organisation",
    "get_service",
    "list_organisations",
    "list_problems",
    "make_confirm_link",
    "match_services",
    "move",
    "note_unmet_need",
    "put_capacity",
    "put_districts",
    "put_organisations",
    "put_service",
    "put_services",
    "report_problem",
    "resolve_problem",
    "see_listing_to_confirm",
    "see_place",
    "see_waiting_list",
]
