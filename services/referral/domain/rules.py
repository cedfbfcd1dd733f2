"""The times and limits a tenant works by; what it does not state is the default."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[int, Field(ge=1, le=365)]


class Rules(BaseModel):
    """Times and limits, in the units their names say.

    Source of the defaults: the lifecycle that Linkway's field guide recommends, with a
    competitor's fourteen days to answer; each can be set by the tenant.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"expiry_days": 10, "closed_days": ["2026-12-24"]}]},
    )

    first_reminder_working_days: Days = 2
    second_reminder_working_days: Days = 5
    escalation_working_days: Days = 7
    expiry_days: Days = 14
    """Calendar days after which an unanswered referral is given back to who referred."""
    waiting_review_days: Days = 28
    dna_limit: Annotated[int, Field(ge=1, le=20)] = 3
    """Missed contacts after which closing is proposed; a person confirms it."""
    uncontactable_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    uncontactable_channels: Annotated[int, Field(ge=1, le=6)] = 2
    uncontactable_days: Annotated[int, Field(ge=1, le=20)] = 2
    """Different days on which it was tried: three calls in one hour are one time to the person."""
    appointment_reminder_hours: Annotated[int, Field(ge=1, le=168)] = 24
    signpost_follow_up_days: Days = 28
    minimum_age: Annotated[int, Field(ge=0, le=130)] = 18
    """Years under which someone needs a representative who may agree for them."""
    duplicate_days: Days = 30
    """Days after its end in which a like referral of the same person needs a reason."""
    keep_in_touch_days: Days = 28
    """Days without any contact after which the worker is asked to get in touch."""
    closed_days: Annotated[tuple[date, ...], Field(max_length=100)] = ()
    """Days besides weekends and England's bank holidays on which nobody works."""


DEFAULT = Rules()
