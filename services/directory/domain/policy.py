"""Who may do what with the directory: by role, and by what they are to a service.

Read by the routes (roles), by handlers (relations), and by people: docs/access.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

from shared.policy import EVERYONE, TENANT, Policy, Public, Role, Table, may


class Is(StrEnum):
    """What someone is to a service."""

    OWN = "own service"


class Sight(Enum):
    """How much of a listing is seen, most first."""

    TENDED = "tended"
    LISTED = "listed"


_WORDS: Mapping[str, str] = {
    Is.OWN: "A service of the asker's own organisation.",
    Sight.TENDED.value: "The listing, what is reported to be wrong with it, and how often its "
    "organisation was asked to confirm it.",
    Sight.LISTED.value: "The listing, as it is published.",
}

_REMARKS = (
    "A directory holds no person: its listings are for everyone of the tenant.",
    "A provider states a service for its own organisation alone, and never as a link-worker team.",
)

_LINK = Public(
    "A signed link, sent to the organisation that runs the service and to no one else; it "
    "expires, and confirms one listing."
)
_TENDING = [may((Role.DIRECTORY_CURATOR,)), may((Role.PROVIDER,), Is.OWN)]
_CURATING = [may((Role.DIRECTORY_CURATOR,))]
_READING = [may(EVERYONE)]
_STAFF = (Role.LINK_WORKER, Role.TEAM_LEAD, Role.DIRECTORY_CURATOR)
_OTHERS = tuple(role for role in EVERYONE if role not in _STAFF)

GET = "GET /services/{service_id}"

TABLE: Table = {
    "GET /persons/{person_id}/export": [may((Role.TEAM_LEAD,))],
    "PUT /services": _CURATING,
    "PUT /services/{service_id}": _TENDING,
    "POST /services/{service_id}/close": _TENDING,
    GET: [
        may(_STAFF, sees=Sight.TENDED),
        may((Role.PROVIDER,), Is.OWN, sees=Sight.TENDED),
        may(_OTHERS, sees=Sight.LISTED),
    ],
    "GET /services": _READING,
    "POST /matches": _READING,
    "GET /needs": _READING,
    "PUT /organisations": _CURATING,
    "PUT /districts": _CURATING,
    "GET /organisations/{organisation_id}": _READING,
    "GET /organisations": _READING,
    "GET /organisations/{organisation_id}/place": _READING,
    "POST /organisations/{organisation_id}/move": [
        may((Role.DIRECTORY_CURATOR, Role.TENANT_ADMIN))
    ],
    "POST /services/{service_id}/assure": _TENDING,
    "POST /services/{service_id}/confirm-links": [may((Role.SERVICE,))],
    "GET /confirm/{token}": _LINK,
    "POST /confirm/{token}": _LINK,
    "POST /services/{service_id}/problems": [
        may((*_STAFF, Role.REFERRER, Role.PROVIDER, Role.SERVICE))
    ],
    "GET /services/{service_id}/problems": _TENDING,
    "POST /services/{service_id}/problems/{problem_id}/resolve": _TENDING,
    "PUT /services/{service_id}/capacity": _TENDING,
    "GET /services/{service_id}/waiting-list": _TENDING,
    "POST /unmet-needs": [may((Role.LINK_WORKER, Role.TEAM_LEAD))],
    "GET /unmet-needs": [may((Role.REPORTER, Role.TEAM_LEAD, Role.DIRECTORY_CURATOR))],
}

POLICY = Policy(TABLE, sights=Sight, words=_WORDS, remarks=_REMARKS)


def relations(organisation_of_service: str, organisation: str) -> frozenset[str]:
    """What someone of ``organisation`` is to a service of that other one."""
    own = organisation_of_service == organisation
    return frozenset({TENANT, Is.OWN}) if own else frozenset({TENANT})
