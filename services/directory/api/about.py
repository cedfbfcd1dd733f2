"""What the documentation of this API says before its routes."""

from __future__ import annotations

DESCRIPTION = """\
Which community services there are, how many places they have free, and where nothing is found.
Link workers and practices search it, providers keep their own entries right, and curators load
services, organisations and postcode districts. Start with `POST /matches` as a link worker (role
`link_worker`, organisation `3c1956f4-0fab-500b-96ff-11c021055d23`): it says what suits one person
and why.
"""

TAGS = {
    "services": "Finding, stating and closing community services.",
    "matching": "The services that suit one person best, with the reasons.",
    "needs": "The coded needs that people have and services answer.",
    "capacity": "How many places a service has, and who waits for one.",
    "freshness": "Confirming that a listing is right, and reporting where it is not.",
    "unmet need": "What was looked for and not found, and where the gaps are.",
    "privacy": "A copy of what is held about a person's referrals, for that person.",
    "registers": "Organisations, and where postcode districts lie.",
}
"""What each group of routes is for, in the order in which a newcomer meets them."""
