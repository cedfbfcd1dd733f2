"""What the documentation of this API says before its routes."""

from __future__ import annotations

DESCRIPTION = """\
Who wants to hear of what, how telling them went, and what persons themselves were sent.
Providers, teams and practices subscribe by signed webhook or by e-mail, and operations staff see
that every message arrives. Start with `POST /subscriptions` as a provider (role `provider`,
organisation `9834269b-5271-5b76-baeb-ab27aca72ea6`): once its address has answered a challenge, it
hears of every referral to its services.
"""

TAGS = {
    "subscriptions": "What your organisation hears of, and at which address.",
    "deliveries": "Each message to an organisation, each attempt, and sending it again.",
    "messages back": "What practices were told of their referrals, and whether they filed it.",
    "messages to persons": "What persons were told, and why they were not.",
    "privacy": "A copy of what a person was told, for that person.",
    "templates": "The texts that persons are sent, to be looked at first.",
}
"""What each group of routes is for, in the order in which a newcomer meets them."""
