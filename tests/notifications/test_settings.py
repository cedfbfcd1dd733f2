import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from services.notifications.settings import Settings
from tests.notifications.examples import seconds

NEEDED = {
    "mongo_uri": "mongodb://127.0.0.1/?tls=true",
    "kafka_bootstrap": "127.0.0.1:9092",
    "kafka_security_protocol": "SSL",
    "jwks": "https://issuer.example.org/jwks.json",
    "issuer": "https://issuer.example.org",
}

PRODUCTION = {
    **NEEDED,
    "env": "production",
    "public_url": "https://notify.example.org",
    "link_keys": "k" * 32,
    "secret_keys": Fernet.generate_key().decode(),
}


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    waits = Settings.model_validate(NEEDED).retry_policy.waits
    hours = [0.5, 2, 5, 10, 14, 20, 24]
    assert waits == (
        seconds(0),
        seconds(5),
        seconds(300),
        *(seconds(3600 * each) for each in hours),
    )


def test_a_shorter_schedule_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKWAY_RETRY_SCHEDULE_SECONDS", "[0, 0.5]")
    assert Settings.model_validate(NEEDED).retry_policy.waits == (seconds(0), seconds(0.5))


@pytest.mark.parametrize("schedule", [[], [1, 2], [0, -1]])
def test_a_schedule_that_does_not_begin_at_once_is_refused(schedule: list[float]) -> None:
    with pytest.raises(ValidationError, match="retry_schedule_seconds"):
        Settings.model_validate({**NEEDED, "retry_schedule_seconds": schedule})


def test_the_loopback_switch_is_off_unless_set_and_refused_in_production() -> None:
    assert not Settings.model_validate(NEEDED).webhook_allow_loopback
    with pytest.raises(ValidationError, match="WEBHOOK_ALLOW_LOOPBACK"):
        Settings.model_validate({**PRODUCTION, "webhook_allow_loopback": True})


def test_a_mail_password_is_not_sent_in_the_clear_in_production() -> None:
    own = {**PRODUCTION, "smtp_username": "linkway", "smtp_password": "made-up"}
    with pytest.raises(ValidationError, match="SMTP_STARTTLS"):
        Settings.model_validate(own)
    assert Settings.model_validate({**own, "smtp_starttls": True}).smtp_starttls


def test_an_attempt_takes_at_most_the_longer_of_the_two_timeouts() -> None:
    own = {**NEEDED, "webhook_timeout_seconds": 4, "smtp_timeout_seconds": 9}
    assert Settings.model_validate(own).send_timeout == seconds(9)


def test_production_states_its_own_keys_for_secrets() -> None:
    assert Settings.model_validate(PRODUCTION).is_production
    without = {name: value for name, value in PRODUCTION.items() if name != "secret_keys"}
    with pytest.raises(ValidationError, match="LINKWAY_SECRET_KEYS"):
        Settings.model_validate(without)


def test_keys_for_secrets_are_separated_by_commas_and_are_fernet_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two = (Fernet.generate_key().decode() for _ in range(2))
    monkeypatch.setenv("LINKWAY_SECRET_KEYS", f"{one}, {two}")
    found = Settings.model_validate(NEEDED).secret_keys
    assert [each.get_secret_value() for each in found] == [one, two]
    monkeypatch.setenv("LINKWAY_SECRET_KEYS", "too-short")
    with pytest.raises(ValidationError, match="Fernet") as refused:
        Settings.model_validate(NEEDED)
    assert "too-short" not in str(refused.value)
