"""What the directory reads from its environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from services.directory.domain import AssuranceRules
from shared.settings import LinkSettings


class Settings(LinkSettings):
    """The settings of every service; bodies may be larger here, as batches are loaded."""

    service: str = "directory"
    max_body_bytes: int = Field(
        5 * 1024 * 1024, ge=1, description="Largest request body accepted, in bytes."
    )
    max_json_values: int = Field(
        500_000, ge=1, description="Most values of a JSON body accepted, as batches are loaded."
    )
    assurance_first_days: float = Field(
        180, gt=0, description="Days after which an organisation is asked to confirm a listing."
    )
    assurance_second_days: float = Field(
        14, gt=0, description="Days after the first time until it is asked again."
    )
    assurance_stale_days: float = Field(
        28, gt=0, description="Days after the first time until the listing is called stale."
    )
    assurance_poll_seconds: float = Field(
        60, gt=0, description="How often to look for listings that want confirming, in seconds."
    )
    confirm_link_days: float = Field(
        30, gt=0, le=365, description="Days for which a link to confirm a listing holds."
    )

    @model_validator(mode="after")
    def _asked_twice_before_it_is_stale(self) -> Self:
        if self.assurance_stale_days <= self.assurance_second_days:
            raise ValueError("assurance_stale_days must be more than assurance_second_days")
        return self

    @property
    def confirm_link_lifetime(self) -> timedelta:
        """For how long a link to confirm a listing holds."""
        return timedelta(days=self.confirm_link_days)

    @property
    def assurance_rules(self) -> AssuranceRules:
        """When to ask for confirmation."""
        return AssuranceRules(
            first=timedelta(days=self.assurance_first_days),
            second=timedelta(days=self.assurance_second_days),
            stale=timedelta(days=self.assurance_stale_days),
        )
