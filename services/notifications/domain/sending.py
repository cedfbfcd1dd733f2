"""What carriers answer, when a message is handed over and later, in Linkway's words."""

from __future__ import annotations

from typing import Literal

from services.notifications.domain.frozen import Frozen

SendCode = Literal[
    "accepted",
    "refused",
    "busy",
    "failing",
    "account_refused",
    "timed_out",
    "unreachable",
    "mail_deferred",
    "mail_rejected",
    "mail_account_refused",
    "not_sent",
]
"""How handing a message over ended, in Linkway's words."""

ReportCode = Literal["on_its_way", "delivered", "not_there", "not_reached", "fault"]
"""What the carrier says later: not_there is for good, not_reached was tried for days."""


class SendResult(Frozen):
    """What a carrier answered. Without an answer nobody knows whether it took the message."""

    code: SendCode
    provider_id: str | None = None
    """The carrier's own id of the message."""
    status_code: int | None = None
    final: bool = False
    answered: bool = True
