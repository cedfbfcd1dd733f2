"""The directory's codes for what a place offers people who need it."""

from __future__ import annotations

ACCESS_CODES = frozenset(
    {
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
    }
)
"""A source uses them as terms of a location's access.

Kept here rather than asked of the directory: a dry run has none to ask, and a file must be
read alike with and without one. A test holds the list to the directory's own.
"""
