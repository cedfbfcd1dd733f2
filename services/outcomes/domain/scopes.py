"""What a partner's client may do in the outcomes service, by the scopes of its token.

A scope opens operations; the client's role and its organisation's part in a case still decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SCOPES: Mapping[str, Sequence[str]] = {
    "outcomes:read": (
        "GET /instruments",
        "GET /instruments/{instrument_id}",
        "GET /plans",
        "GET /plans/{case_id}",
        "GET /plans/{case_id}/assessments/{assessment_id}",
    ),
    "outcomes:write": (
        "PUT /plans/{case_id}/gp-contacts",
        "POST /plans/{case_id}/measures",
    ),
    "reports:read": ("GET /reports/{subject}",),
}
