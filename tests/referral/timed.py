"""A referral at a moment, for tests of what time does to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.referral.domain.clocks import wind
from services.referral.domain.consequences import follow
from services.referral.domain.lifecycle import Status
from services.referral.domain.referral import Changed, Referral
from services.referral.domain.rules import Rules
from shared.cause import Actor, Cause
from tests.referral.actors import GROUP, onward

RULES = Rules()
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday without a bank holiday near it; London keeps UTC until 29 March."""


def cause_at(at: datetime, actor: Actor = GROUP) -> Cause:
    return Cause(id=f"cause-{at.isoformat()}", actor=actor, at=at)


def referred(at: datetime = MONDAY, status: Status = Status.SUBMITTED, **fields: Any) -> Referral:
    """An onward referral whose present status began ``at``, its clocks wound."""
    made = onward(status, at, **fields)
    return wind(None, made, at, RULES)


def after(before: Referral, changed: Changed, at: datetime, actor: Actor = GROUP) -> Changed:
    """The change with its consequences."""
    return follow(before, changed[0], changed[1], cause_at(at, actor), RULES)
