"""What notifications reads from its environment, beside what every service reads."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Annotated, Self

from cryptography.fernet import Fernet
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from services.notifications.domain import RetryPolicy
from shared.settings import LinkSettings

_MINUTE = 60.0
_HOUR = 3600.0

DEVELOPMENT_SECRET_KEY = urlsafe_b64encode(b"known-to-all-so-for-no-real-data").decode()
"""Encrypts webhook secrets where no key is given; anyone who reads this could read them."""


class Settings(LinkSettings):
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

    neutral_mail_from: str = "Messages <no-reply@messages.example>"
    """The sender of e-mails that must not show who writes; a domain that says nothing."""

    token_url: str | None = Field(default=None, pattern=r"^https?://")
    """The issuer's token endpoint, for client credentials. Without it no owner is asked:
    persons are told nothing, and mails to providers carry no link to answer by."""
    client_id: str = "notifications"
    client_secret: SecretStr | None = None
    referral_url: str | None = Field(default=None, pattern=r"^https?://")
    """Where this service reaches the referral API; by default where receivers do."""
    directory_url: str | None = Field(default=None, pattern=r"^https?://")
    owner_timeout_seconds: PositiveFloat = 10.0

    notify_api_key: SecretStr | None = None
    """GOV.UK Notify's. Without it persons are told by e-mail alone."""
    notify_base_url: str = "https://api.notifications.service.gov.uk"
    notify_sms_template_id: str = ""
    notify_letter_template_id: str = ""
    notify_neutral_sender_id: str | None = None
    """The text message sender that says nothing of who is behind it."""
    notify_callback_token: SecretStr | None = None
    """The bearer token Notify sends with delivery receipts; without it none are taken."""
    notify_timeout_seconds: PositiveFloat = 15.0

    person_retry_schedule_seconds: tuple[float, ...] = Field(
        default=(0.0, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR), min_length=1
    )
    """The wait before each attempt by one channel; then the person's next one is tried."""

    message_back_working_days: PositiveInt = 5
    """How long a practice has to say that it filed a message back."""

    webhook_timeout_seconds: PositiveFloat = 15.0
    """For the whole exchange, the name look-up included. Standard Webhooks: 15 to 30 s."""
    webhook_allow_loopback: bool = False
    """For development: also http, and receivers on this machine. Refused in production."""

    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (SecretStr(DEVELOPMENT_SECRET_KEY),),
        min_length=1,
        description="Fernet keys that webhook secrets are encrypted with at rest, separated by "
        "commas. The first encrypts, all decrypt. Production must state its own.",
    )

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
    """Messages to one receiver under way at once; the rest of it waits its turn."""
    delivery_capacity: PositiveInt = 256
    """Messages to all receivers under way at once."""
    delivery_poll_seconds: PositiveFloat = 1.0
    """How often to look for due deliveries that no wake-up told of."""
    subscription_cache_seconds: float = Field(default=5.0, ge=0)
    """How old this replica's view of subscriptions made at another replica may be."""

    @property
    def retry_policy(self) -> RetryPolicy:
        """The schedule as the domain reads it."""
        return RetryPolicy(waits=tuple(map(_seconds, self.retry_schedule_seconds)))

    @property
    def person_retry_policy(self) -> RetryPolicy:
        """The schedule for persons as the domain reads it."""
        return RetryPolicy(waits=tuple(map(_seconds, self.person_retry_schedule_seconds)))

    @property
    def send_timeout(self) -> timedelta:
        """The longest any attempt may take, with asking for a link to send."""
        by_mail = self.smtp_timeout_seconds + (
            2 * self.owner_timeout_seconds if self.token_url else 0
        )
        return _seconds(max(self.webhook_timeout_seconds, by_mail))

    @field_validator("retry_schedule_seconds", "person_retry_schedule_seconds")
    @classmethod
    def _first_at_once(cls, waits: tuple[float, ...]) -> tuple[float, ...]:
        if waits[0] != 0 or min(waits) < 0:
            raise ValueError("the first wait must be 0 and none may be negative")
        return waits

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _keys_apart(cls, given: object) -> object:
        if isinstance(given, str):
            return tuple(key.strip() for key in given.split(",") if key.strip())
        return given

    @field_validator("secret_keys")
    @classmethod
    def _of_fernets_form(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        try:
            for key in keys:
                Fernet(key.get_secret_value())
        except ValueError:
            raise ValueError("each must be 32 bytes in URL-safe base64 (Fernet)") from None
        return keys

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.env == "production" and self.webhook_allow_loopback:
            raise ValueError("LINKWAY_WEBHOOK_ALLOW_LOOPBACK is for development only")
        own_keys = {key.get_secret_value() for key in self.secret_keys}
        if self.env == "production" and DEVELOPMENT_SECRET_KEY in own_keys:
            raise ValueError("LINKWAY_SECRET_KEYS must be stated in production")
        if self.env == "production" and self.smtp_password and not self.smtp_starttls:
            raise ValueError("LINKWAY_SMTP_PASSWORD needs LINKWAY_SMTP_STARTTLS=true")
        return self

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.token_url and not self.client_secret:
            raise ValueError("LINKWAY_TOKEN_URL needs LINKWAY_CLIENT_SECRET")
        if self.notify_api_key and not (
            self.notify_sms_template_id and self.notify_letter_template_id
        ):
            raise ValueError("LINKWAY_NOTIFY_API_KEY needs both LINKWAY_NOTIFY_..._TEMPLATE_ID")
        if self.is_production and self.notify_base_url.startswith("http://"):
            raise ValueError("LINKWAY_NOTIFY_BASE_URL must begin with https:// in production")
        return self


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
