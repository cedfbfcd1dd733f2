"""Unmet need: what was looked for and not found, by need, area and month, without persons.

A link worker notes it, or it follows from a referral that led nowhere. The referral's need
is known from its first fact and that it led nowhere from its last; they may come in either
order, and the need is told once both are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.directory.domain.words import District
from shared.cause import Cause
from shared.events import (
    EventActor,
    NeedUnmet,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
)
from shared.ids import derived_id

UnmetReason = Literal["no_service", "too_far", "no_place", "not_suitable"]

DECLINED: Mapping[str, UnmetReason] = {
    "no_capacity": "no_place",
    "out_of_area": "too_far",
    "not_eligible": "not_suitable",
    "wrong_service": "not_suitable",
    "risk_too_high": "not_suitable",
}
"""Which reasons to decline mean that the need was not met.

Not a duplicate (it is met by the other referral), nor too little information; ``other``
says too little to count.
"""

TELLING: frozenset[type[ReferralEvent]] = frozenset(
    {ReferralCreated, ReferralDeclined, ReferralExpired, ReferralEnteredInError}
)
"""The facts of a referral that say anything of unmet need."""


class UnmetNeed(BaseModel):
    """What was looked for; it was not found where ``reason_code`` says why not.

    ``noted_at`` is when that became known, ``void`` that the referral should not have been.
    """

    model_config = ConfigDict(frozen=True)

    tenant: str
    need_codes: tuple[str, ...] = ()
    district: District | None = None
    reason_code: UnmetReason | None = None
    noted_at: AwareDatetime | None = None
    void: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is known to be a need that was not met."""
        return bool(self.need_codes and self.reason_code) and not self.void

    @property
    def month(self) -> str | None:
        """The month it counts in, such as 2026-03 (in UTC)."""
        return None if self.noted_at is None else f"{self.noted_at.astimezone(UTC):%Y-%m}"


Noted = tuple[UnmetNeed, Sequence[NeedUnmet]]


def note(
    need_code: str, district: str | None, reason_code: UnmetReason, note_id: str, cause: Cause
) -> Noted:
    """Someone looked for a service and found none."""
    unmet = UnmetNeed(
        tenant=cause.actor.tenant,
        need_codes=(need_code,),
        district=district,
        reason_code=reason_code,
        noted_at=cause.at,
    )
    return unmet, _facts(unmet, [note_id], cause)


def hear(known: UnmetNeed | None, event: ReferralEvent, area: str | None, cause: Cause) -> Noted:
    """What a fact of an onward referral adds; ``area`` is the district of the service asked.

    Where it was too far, its area is not where the need is, and none is noted.
    """
    before = known or UnmetNeed(tenant=event.tenant)
    after = before
    if isinstance(event, ReferralCreated):
        after = before.model_copy(update={"need_codes": event.need_codes})
    elif isinstance(event, ReferralEnteredInError):
        after = before.model_copy(update={"void": True})
    elif before.reason_code is None and (reason := _reason(event)) is not None:
        after = before.model_copy(
            update={
                "reason_code": reason,
                "district": None if reason == "too_far" else area,
                "noted_at": event.occurred_at,
            }
        )
    if before.counts or not after.counts:
        return after, ()
    ids = [derived_id(event.referral_id, code) for code in after.need_codes]
    return after, _facts(after, ids, cause)


def leads_nowhere(event: ReferralEvent) -> bool:
    """Whether the fact ends the referral with the need not met."""
    return _reason(event) is not None


def _reason(event: ReferralEvent) -> UnmetReason | None:
    if isinstance(event, ReferralDeclined):
        return DECLINED.get(event.reason_code)
    # Who never answers has no place for anyone.
    return "no_place" if isinstance(event, ReferralExpired) else None


def _facts(unmet: UnmetNeed, ids: Sequence[str], cause: Cause) -> Sequence[NeedUnmet]:
    if unmet.reason_code is None or unmet.noted_at is None:
        return ()
    return [
        NeedUnmet(
            tenant=unmet.tenant,
            occurred_at=unmet.noted_at,
            actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
            unmet_id=unmet_id,
            need_code=need_code,
            district=unmet.district,
            reason_code=unmet.reason_code,
        )
        for unmet_id, need_code in zip(ids, unmet.need_codes, strict=True)
    ]
