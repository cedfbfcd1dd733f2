"""Who may do what with subscriptions and messages: by role, and by whose they are.

Read by the routes (roles), by handlers and stores (relations), and by people: docs/access.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from shared.policy import Policy, Public, Role, Table, may


class Is(StrEnum):
    """What an organisation is to a subscription or a message."""

    OWN = "own organisation"
    MAKER = "made it for another"
    PRACTICE = "told practice"
    TEAM = "holds the case"


_WORDS: Mapping[str, str] = {
    Is.OWN: "The organisation that subscribed, that was told, or whose referral it was about.",
    Is.MAKER: "The curators who subscribed an organisation that has no account.",
    Is.PRACTICE: "The practice a message back goes to.",
    Is.TEAM: "The organisation whose link workers hold the case that it tells of.",
}

_REMARKS = (
    (
        "No message holds a name or an address: addresses are asked for when it is sent and not "
        "kept, texts are by number."
    ),
    "To anyone else a subscription or a message is not there (404), whatever is asked of it.",
)

SUBSCRIBERS = (
    Role.PROVIDER,
    Role.LINK_WORKER,
    Role.TEAM_LEAD,
    Role.REFERRER,
    Role.DIRECTORY_CURATOR,
)
"""Who may decide what their organisation hears, and see what it was told."""

_OPERATIONS = may((Role.OPERATIONS,))
_TEAM = (Role.LINK_WORKER, Role.TEAM_LEAD)
_OWN = [may(SUBSCRIBERS, Is.OWN)]
_SUBSCRIPTION = [*_OWN, may((Role.DIRECTORY_CURATOR,), Is.MAKER)]
_TOLD = [*_OWN, _OPERATIONS]
_BACK = [may((Role.REFERRER,), Is.PRACTICE), may(_TEAM, Is.TEAM), _OPERATIONS]
_FILED = [may((Role.REFERRER,), Is.PRACTICE)]
_TEXTS = [may((*SUBSCRIBERS, Role.OPERATIONS, Role.TENANT_ADMIN))]
_LINK = Public("A signed link, sent to the address that is to be confirmed; it expires.")

TABLE: Table = {
    "GET /persons/{person_id}/export": [may((Role.TEAM_LEAD,))],
    "POST /subscriptions": _SUBSCRIPTION,
    "GET /subscriptions": _SUBSCRIPTION,
    "GET /subscriptions/{subscription_id}": _SUBSCRIPTION,
    "DELETE /subscriptions/{subscription_id}": _SUBSCRIPTION,
    "POST /subscriptions/{subscription_id}/confirm": _SUBSCRIPTION,
    "POST /subscriptions/{subscription_id}/challenge": _SUBSCRIPTION,
    "POST /subscriptions/{subscription_id}/enable": _SUBSCRIPTION,
    "POST /subscriptions/{subscription_id}/rotate-secret": _SUBSCRIPTION,
    "POST /subscriptions/{subscription_id}/resend": _SUBSCRIPTION,
    "GET /confirm-subscription/{token}": _LINK,
    "POST /confirm-subscription/{token}": _LINK,
    "GET /deliveries": _TOLD,
    "GET /deliveries/{delivery_id}": _TOLD,
    "POST /deliveries/{delivery_id}/resend": _TOLD,
    "GET /person-messages": _TOLD,
    "GET /messages-back": _BACK,
    "GET /messages-back/{return_id}": _BACK,
    "POST /messages-back/{return_id}/acknowledge": _FILED,
    "POST /messages-back/{return_id}/reject": _FILED,
    "POST /messages-back/{return_id}/done-by-hand": [may(_TEAM, Is.TEAM)],
    "GET /templates": _TEXTS,
    "POST /templates/{name}/preview": _TEXTS,
    "POST /notify-callbacks": Public("The bearer token that was agreed with GOV.UK Notify."),
}

POLICY: Policy[Any] = Policy(TABLE, words=_WORDS, remarks=_REMARKS)
