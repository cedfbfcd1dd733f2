"""HTTP as every service speaks it: problems, requests, who acts and why, pages, health."""

from shared.web.access import add_routes, check_all_served
from shared.web.app import create_base_app
from shared.web.body import JsonBody, read_at
from shared.web.clock import TEST_CLOCK, test_clock_router
from shared.web.dependencies import Acting, CauseOf, IfMatch, Present, etag
from shared.web.gate import Scopes
from shared.web.health import Check, health_router
from shared.web.paging import Listing, PageAsked, Paging
from shared.web.problems import Problem, problem

__all__ = [
    "TEST_CLOCK",
    "Acting",
    "CauseOf",
    "Check",
    "IfMatch",
    "JsonBody",
    "Listing",
    "PageAsked",
    "Paging",
    "Present",
    "Problem",
    "Scopes",
    "add_routes",
    "check_all_served",
    "create_base_app",
    "etag",
    "health_router",
    "problem",
    "read_at",
    "test_clock_router",
]
