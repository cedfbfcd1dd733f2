"""What a partner's client may do in the notifications service, by the scopes of its token.

A scope opens operations; the client's role and organisation still decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SUBSCRIPTION = "/subscriptions/{subscription_id}"
_MESSAGE_BACK = "/messages-back/{return_id}"

SCOPES: Mapping[str, Sequence[str]] = {
    "subscriptions:read": (
        "GET /deliveries",
        "GET /deliveries/{delivery_id}",
        "GET /subscriptions",
        f"GET {_SUBSCRIPTION}",
    ),
    "subscriptions:write": (
        "POST /deliveries/{delivery_id}/resend",
        "POST /subscriptions",
        f"DELETE {_SUBSCRIPTION}",
        f"POST {_SUBSCRIPTION}/challenge",
        f"POST {_SUBSCRIPTION}/confirm",
        f"POST {_SUBSCRIPTION}/enable",
        f"POST {_SUBSCRIPTION}/resend",
        f"POST {_SUBSCRIPTION}/rotate-secret",
    ),
    "messages-back:read": ("GET /messages-back", f"GET {_MESSAGE_BACK}"),
    "messages-back:write": (
        f"POST {_MESSAGE_BACK}/acknowledge",
        f"POST {_MESSAGE_BACK}/reject",
    ),
}
