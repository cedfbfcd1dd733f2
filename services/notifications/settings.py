"""What notifications reads from its environment, beside what every service reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from services.notifications.domain import RetryPolicy
from shared.settings import ServiceSettings

_MINUTE = 60.0
_HOUR = 3600.0


class Settings(ServiceSettings):
    """All names carry the prefix ``LINKWAY_``; times are seconds."""

    service: str = "notifications"
    max_body_bytes: PositiveInt = 16 * 1024

    referral_base_url: str = "http://127.0.0.1:8001"
    """Where receivers reach the referral API: messages link to it."""
    directory_base_url: str = "http://127.0.0.1:8002"
    outcomes_base_url: str = "http://127.0.0.1:8003"

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_starttls: bool = False
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: PositiveFloat = 15.0
    mail_from: str = "Linkway <no-reply@linkway.example>"

    webhook_timeout_seconds: PositiveFloat = 15.0
    """For the whole exchange, the name look-up included. Standard Webhooks: 15 to 30 s."""
    webhook_allow_loopback: bool = False
    """For development: also http, and receivers on this machine. Refused in production."""

    retry_schedule_seconds: tuple[float, ...] = Field(
        default=(
            0.0,
            5.0,
            5 * _MINUTE,
            30 * _MINUTE,
            2 * _HOUR,
            5 * _HOUR,
            10 * _HOUR,
            14 * _HOUR,
            20 * _HOUR,
            24 * _HOUR,
        ),
        min_length=1,
    )
    """The wait before each attempt, the first included: Standard Webhooks 1.0's example."""

    delivery_concurrency: PositiveInt = 4
    """Messages to one organisation under way at once; the rest of it waits its turn."""
    delivery_capacity: PositiveInt = 256
    """Messages to all organisations under way at once."""
    delivery_poll_seconds: PositiveFloat = 1.0
    """How often to look for due deliveries that no wake-up told of."""
    subscription_cache_seconds: float = Field(default=5.0, ge=0)
    """How old this replica's view of subscriptions made at another replica may be."""

    @property
    def retry_policy(self) -> RetryPolicy:
        """The schedule as the domain reads it."""
        return RetryPolicy(waits=tuple(map(_seconds, self.retry_schedule_seconds)))

    @property
    def send_timeout(self) -> timedelta:
        """The longest any attempt may take."""
        return _seconds(max(self.webhook_timeout_seconds, self.smtp_timeout_seconds))

    @field_validator("retry_schedule_seconds")
    @classmethod
    def _first_at_once(cls, waits: tuple[float, ...]) -> tuple[float, ...]:
        if waits[0] != 0 or min(waits) < 0:
            raise ValueError("the first wait must be 0 and none may be negative")
        return waits

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.env == "production" and self.webhook_allow_loopback:
            raise ValueError("LINKWAY_WEBHOOK_ALLOW_LOOPBACK is for development only")
        if self.env == "production" and self.smtp_password and not self.smtp_starttls:
            raise ValueError("LINKWAY_SMTP_PASSWORD needs LINKWAY_SMTP_STARTTLS=true")
        return self


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
