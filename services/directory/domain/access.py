"""What a place offers people who need it: a small coded list, so that all state it alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

AccessCode = Literal[
    "step_free",
    "lift",
    "accessible_toilet",
    "changing_places",
    "accessible_parking",
    "hearing_loop",
    "sign_language",
    "easy_read",
    "quiet_space",
    "dementia_friendly",
    "assistance_dogs",
    "companion_welcome",
]

ACCESS: Mapping[AccessCode, str] = {
    "step_free": "step-free access",
    "lift": "a lift",
    "accessible_toilet": "an accessible toilet",
    "changing_places": "a Changing Places toilet",
    "accessible_parking": "accessible parking",
    "hearing_loop": "a hearing loop",
    "sign_language": "sign language",
    "easy_read": "easy-read information",
    "quiet_space": "a quiet space",
    "dementia_friendly": "dementia-friendly rooms",
    "assistance_dogs": "room for assistance dogs",
    "companion_welcome": "room for a companion",
}
"""Each code in words that fit behind "has".

The list is Linkway's own: Open Referral describes access in text alone.
"""
