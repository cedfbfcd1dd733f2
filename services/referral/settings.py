"""What the referral service reads from its environment."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from shared.settings import LinkSettings
from shared.vault import VaultSettings


class Settings(LinkSettings, VaultSettings):
    """Links, keys, and what follows."""

    service: str = "referral"
    clock_poll_seconds: float = Field(
        5.0, gt=0, description="How often the referrals that are due are looked for."
    )
    answer_link_days: float = Field(
        14, gt=0, le=90, description="Days for which a link to answer a referral holds."
    )
    break_glass_minutes: float = Field(
        60,
        gt=0,
        le=24 * 60,
        description="Minutes for which a record stays open to whoever broke the glass on it.",
    )

    @property
    def break_glass_holds(self) -> timedelta:
        """For how long breaking the glass opens a record."""
        return timedelta(minutes=self.break_glass_minutes)

    @property
    def answer_link_lifetime(self) -> timedelta:
        """For how long a link to answer a referral holds."""
        return timedelta(days=self.answer_link_days)
