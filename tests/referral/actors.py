"""Who acts in tests of the rules, and an onward referral."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.referral.domain.lifecycle import Status
from services.referral.domain.record import Consent
from services.referral.domain.referral import Referral
from shared.cause import Actor, Cause

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PRACTICE = Actor("clerk-1", "referrer", "Y90001", "icb-a")
TEAM = Actor("worker-1", "link_worker", "team-org", "icb-a")
GROUP = Actor("leader-1", "provider", "group-org", "icb-a")
STRANGER = Actor("other-1", "provider", "other-org", "icb-a")


def cause_of(actor: Actor, cause_id: str = "cause-1") -> Cause:
    return Cause(id=cause_id, actor=actor, at=NOON)


def onward(
    status: Status = Status.SUBMITTED, agreed_at: datetime = NOON, **fields: Any
) -> Referral:
    return Referral(
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
        consent=Consent(
            method="verbal", recorded_at=agreed_at, recorded_by_organisation="team-org"
        ),
        status=status,
        **fields,
    )
