"""Who may do what with plans and reports: by role, and by what they are to the case.

Read by the routes (roles), by handlers and stores (relations), and by people: docs/access.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

from shared.policy import EVERYONE, Policy, Role, Table, may


class Is(StrEnum):
    """What an organisation is to a case or a report."""

    TEAM = "holds the case"
    SOURCE = "case came from"
    PRACTICE = "own practice"
    LEADS = "own team"
    PROVIDER = "own services"


class Sight(Enum):
    """How much of a plan is seen, most first."""

    FULL = "full"
    SUMMARY = "summary"
    FIGURES = "figures"


_WORDS: Mapping[str, str] = {
    Is.TEAM: "The organisation whose link workers hold the case.",
    Is.SOURCE: "The practice the case came from.",
    Is.PRACTICE: "Figures of the cases that the asker's practice referred in.",
    Is.LEADS: "Figures of the cases of the asker's team.",
    Is.PROVIDER: "Figures of the referrals to the asker's organisation.",
    Sight.FULL.value: "All of the plan, with what people said.",
    Sight.SUMMARY.value: "How far the plan has come, without anyone's own words.",
    Sight.FIGURES.value: "Counts, safe to publish: below five nothing is shown.",
}

_REMARKS = (
    "To anyone else a plan is not there (404), whatever is asked of it.",
    "A case entered in error is in no list and no report.",
)

WORKING = (Role.LINK_WORKER, Role.TEAM_LEAD)
_BY_TEAM = [may(WORKING, Is.TEAM)]

READ = "GET /plans/{case_id}"
REPORT = "GET /reports/{subject}"

TABLE: Table = {
    "GET /plans": [may(WORKING, Is.TEAM, sees=Sight.SUMMARY)],
    READ: [
        may(WORKING, Is.TEAM, sees=Sight.FULL),
        may((Role.REFERRER,), Is.SOURCE, sees=Sight.SUMMARY),
    ],
    "PUT /plans/{case_id}/gp-contacts": [*_BY_TEAM, may((Role.REFERRER,), Is.SOURCE)],
    "POST /plans/{case_id}/assessments": _BY_TEAM,
    "POST /plans/{case_id}/assessments/start": _BY_TEAM,
    "GET /plans/{case_id}/assessments/{assessment_id}": _BY_TEAM,
    "PUT /plans/{case_id}/assessments/{assessment_id}": _BY_TEAM,
    "POST /plans/{case_id}/assessments/{assessment_id}/complete": _BY_TEAM,
    "POST /plans/{case_id}/assessments/{assessment_id}/amend": _BY_TEAM,
    "POST /plans/{case_id}/goals": _BY_TEAM,
    "POST /plans/{case_id}/goals/{goal_id}/progress": _BY_TEAM,
    "POST /plans/{case_id}/goals/{goal_id}/lifecycle": _BY_TEAM,
    "POST /plans/{case_id}/goals/{goal_id}/wording": _BY_TEAM,
    "POST /plans/{case_id}/goals/{goal_id}/confidence": _BY_TEAM,
    "POST /plans/{case_id}/goals/{goal_id}/steps": _BY_TEAM,
    "POST /plans/{case_id}/goals/{goal_id}/steps/{step_id}/complete": _BY_TEAM,
    "POST /plans/{case_id}/measures": _BY_TEAM,
    "GET /persons/{person_id}/export": [may((Role.TEAM_LEAD,), Is.TEAM)],
    "POST /instruments": [may((Role.TENANT_ADMIN,))],
    "GET /instruments": [may(EVERYONE)],
    "GET /instruments/{instrument_id}": [may(EVERYONE)],
    "POST /reports/recount": [may((Role.OPERATIONS,))],
    "GET /reports/recount": [may((Role.OPERATIONS,))],
    REPORT: [
        may((Role.REPORTER,), sees=Sight.FIGURES),
        may((Role.TEAM_LEAD,), Is.LEADS, sees=Sight.FIGURES),
        may((Role.REFERRER,), Is.PRACTICE, sees=Sight.FIGURES),
        may((Role.PROVIDER,), Is.PROVIDER, sees=Sight.FIGURES),
    ],
}

POLICY = Policy(TABLE, sights=Sight, words=_WORDS, remarks=_REMARKS)
