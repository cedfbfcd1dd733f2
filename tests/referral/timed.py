"""A referral at a moment, for tests of what time does to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.referral.domain.clocks import wind
from services.referral.domain.consequences import follow
from services.referral.domain.lifecycle import Status
from services.referral.domain.record import Consent
from services.referral.domain.referral import Changed, Referral
from services.referral.domain.rules import Rules
from shared.cause import Actor, Cause

RULES = Rules()
GROUP = Actor("leader-1", "provider", "group-org", "icb-a")
TEAM = Actor("worker-1", "link_worker", "team-org", "icb-a")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday without a bank holiday near it; London keeps UTC until 29 March."""


def cause_at(at: datetime, actor: Actor = GROUP) -> Cause:
    return Cause(id=f"cause-{at.isoformat()}", actor=actor, at=at)


def referred(at: datetime = MONDAY, status: Status = Status.SUBMITTED, **fields: Any) -> Referral:
    """An onward referral whose present status began ``at``, its clocks wound."""
    made = Referral(
        id="ref-2",
        tenant="icb-a",
        kind="onward",
        case_id="ref-1",
        person_id="person-1",
        service_id="service-1",
        provider_organisation_id="group-org",
        referrer_organisation_id="team-org",
        source_organisation_id="Y90001",
        team_organisation_id="team-org",
        need_codes=("loneliness",),
        priority="routine",
        reason="Would like company.",
        consent=Consent(method="verbal", recorded_at=at, recorded_by_organisation="team-org"),
        status=status,
        **fields,
    )
    return wind(None, made, at, RULES)


def after(before: Referral, changed: Changed, at: datetime, actor: Actor = GROUP) -> Changed:
    """The change with its consequences."""
    return follow(before, changed[0], changed[1], cause_at(at, actor), RULES)
