"""What a partner's client may do in the directory, by the scopes of its token.

A scope opens operations; the client's role and organisation still decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SCOPES: Mapping[str, Sequence[str]] = {
    "directory:read": (
        "GET /needs",
        "GET /organisations",
        "GET /organisations/{organisation_id}",
        "GET /organisations/{organisation_id}/place",
        "GET /services",
        "GET /services/{service_id}",
        "POST /matches",
    ),
    "directory:write": (
        "PUT /districts",
        "PUT /organisations",
        "PUT /services",
        "PUT /services/{service_id}",
        "POST /organisations/{organisation_id}/move",
        "POST /services/{service_id}/assure",
        "POST /services/{service_id}/close",
        "POST /services/{service_id}/problems",
    ),
    "capacity:read": ("GET /services/{service_id}/waiting-list",),
    "capacity:write": ("PUT /services/{service_id}/capacity",),
}
