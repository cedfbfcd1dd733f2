"""Why notifications must build none of its state anew from Kafka."""

from __future__ import annotations

from shared.rebuild import Rebuildable

_SENT = "What was sent, and whether it arrived: a history of acts, which no event holds."

REBUILDABLE = Rebuildable(
    others={
        "deliveries": f"{_SENT} Made again, everyone would be told again.",
        "messages_back": _SENT,
        "subscriptions": "Entered by organisations; no event holds an address.",
        "person_messages": f"{_SENT} Made again, persons would be told again.",
        "erasures": "Which erasures were applied; replaying their facts applies them again.",
        "person_marks": "Follows from facts of persons; replaying those puts it right.",
    }
)
