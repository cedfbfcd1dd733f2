"""HTTP as every service speaks it: problems, requests, who acts and why, pages, health."""

from shared.web.app import add_routes, create_base_app
from shared.web.body import JsonBody
from shared.web.clock import test_clock_router
from shared.web.dependencies import Acting, CauseOf, IfMatch, Present, etag, require_role
from shared.web.gate import Scopes
from shared.web.health import Check, health_router
from shared.web.paging import Listing, PageAsked, Paging
from shared.web.problems import Problem, problem

__all__ = [
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
    "create_base_app",
    "etag",
    "health_router",
    "problem",
    "require_role",
    "test_clock_router",
]
