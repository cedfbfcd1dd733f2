"""How an attempt at sending ended, and when the next is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from services.notifications.domain.frozen import Frozen

OutcomeCode = Literal[
    "delivered",
    "rejected",
    "redirected",
    "gone",
    "timed_out",
    "unreachable",
    "address_refused",
    "not_confirmed",
    "mail_deferred",
    "mail_rejected",
    "mail_account_refused",
    "not_sent",
    "owner_away",
    "not_needed",
]
"""How an attempt ended, in Linkway's words: a receiver's own words may hold anything.

``owner_away``: the message's link could not be had, so nothing was tried yet.
``not_needed``: what the message asks for was done meanwhile.
"""


class Outcome(Frozen):
    """What a sender reports of one attempt.

    ``final`` means that trying again cannot help; ``retry_after`` is the wait the
    receiver asked for.
    """

    code: OutcomeCode
    status_code: int | None = None
    final: bool = False
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """The receiver took it."""
        return self.code == "delivered"


class RetryPolicy(Frozen):
    """``waits`` before each attempt; the first is zero, since the first attempt is made at once.

    ``jitter``, from 0 to 1, is drawn for each attempt and stretches its wait by up to a
    tenth, so that a receiver that comes back is not met by all messages at once.
    """

    waits: tuple[timedelta, ...]

    def wait_before(self, attempt: int, jitter: float) -> timedelta | None:
        """How long to wait before attempt ``attempt`` (from 1); None when there is none."""
        if attempt > len(self.waits):
            return None
        return self.waits[attempt - 1] * (1 + jitter / 10)
