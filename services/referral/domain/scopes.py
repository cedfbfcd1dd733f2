"""What a partner's client may do in the referral service, by the scopes of its token.

A scope opens operations; the client's role and its organisation's part in a record still decide.
What no scope opens, no partner does: safeguarding, merging, restrictions, rules and teams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_REFERRAL = "/referrals/{referral_id}"

SCOPES: Mapping[str, Sequence[str]] = {
    "referrals:read": (
        "GET /referrals",
        f"GET {_REFERRAL}",
        f"GET {_REFERRAL}/history",
        f"GET {_REFERRAL}/notes",
        "GET /worklist",
    ),
    "referrals:write": (
        "POST /referrals",
        f"POST {_REFERRAL}/accept",
        f"POST {_REFERRAL}/answer",
        f"POST {_REFERRAL}/ask",
        f"POST {_REFERRAL}/complete",
        f"POST {_REFERRAL}/decline",
        f"POST {_REFERRAL}/enter-in-error",
        f"POST {_REFERRAL}/not-complete",
        f"POST {_REFERRAL}/notes",
        f"POST {_REFERRAL}/submit",
        f"POST {_REFERRAL}/waitlist",
        f"POST {_REFERRAL}/withdraw",
    ),
    "appointments:write": (
        f"POST {_REFERRAL}/appointments",
        f"POST {_REFERRAL}/appointments/{{appointment_id}}/cancel",
        f"POST {_REFERRAL}/appointments/{{appointment_id}}/reschedule",
        f"POST {_REFERRAL}/appointments/{{appointment_id}}/{{step}}",
    ),
    "sessions:read": ("GET /sessions", "GET /sessions/{session_id}"),
    "sessions:write": (
        "POST /sessions",
        "POST /sessions/{session_id}/attendance",
        "POST /sessions/{session_id}/places",
        "DELETE /sessions/{session_id}/places/{referral_id}",
        "POST /sessions/{session_id}/{step}",
    ),
    "persons:read": ("GET /persons/{person_id}", "GET /persons/{person_id}/consent"),
    "persons:write": (
        "PATCH /persons/{person_id}",
        "POST /persons/{person_id}/consent",
        "POST /persons/{person_id}/consent/withdraw",
    ),
}
