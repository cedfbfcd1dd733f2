import pytest
from pydantic import ValidationError

from shared.settings import ServiceSettings

REQUIRED = {
    "LINKWAY_MONGO_URI": "mongodb://keeper:hush-hush@127.0.0.1/?replicaSet=rs0&tls=true",
    "LINKWAY_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "LINKWAY_KAFKA_SECURITY_PROTOCOL": "SSL",
    "LINKWAY_JWKS": "https://issuer.example.org/jwks.json",
    "LINKWAY_ISSUER": "https://issuer.example.org",
}


class Settings(ServiceSettings):
    service: str = "garden"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("env")
def test_four_variables_are_enough_and_the_rest_have_safe_defaults() -> None:
    settings = Settings()
    assert settings.mongo_uri.get_secret_value().startswith("mongodb://keeper:")
    assert settings.mongo_database == "garden"
    assert settings.audience == "linkway"
    assert settings.max_body_bytes == 65_536
    assert settings.kafka_idempotence is True
    assert settings.topic_prefix == ""
    assert settings.is_production is False


def test_the_environment_overrides_defaults(env: pytest.MonkeyPatch) -> None:
    env.setenv("LINKWAY_MONGO_DATABASE", "garden-two")
    env.setenv("LINKWAY_KAFKA_IDEMPOTENCE", "false")
    env.setenv("LINKWAY_ENV", "production")
    settings = Settings()
    assert settings.mongo_database == "garden-two"
    assert settings.kafka_idempotence is False
    assert settings.is_production is True


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("LINKWAY_MONGO_URI", "mongo_uri"),
        ("LINKWAY_KAFKA_BOOTSTRAP", "kafka_bootstrap"),
        ("LINKWAY_JWKS", "jwks"),
        ("LINKWAY_ISSUER", "issuer"),
    ],
)
def test_a_missing_variable_is_named_and_no_value_is_shown(
    env: pytest.MonkeyPatch, variable: str, field: str
) -> None:
    env.delenv(variable)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert field in str(caught.value)
    assert "hush-hush" not in str(caught.value)


@pytest.mark.usefixtures("env")
def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = Settings(kafka_password="whisper")
    assert "hush-hush" not in repr(settings)
    assert "whisper" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LINKWAY_ENV", "staging"),
        ("LINKWAY_TRACE_RATIO", "1.5"),
        ("LINKWAY_MAX_BODY_BYTES", "0"),
        ("LINKWAY_GRACEFUL_SECONDS", "0"),
        ("LINKWAY_LOG_LEVEL", "loud"),
        ("LINKWAY_OTLP_ENDPOINT", "collector:4318"),
    ],
)
def test_a_value_that_makes_no_sense_stops_the_service(
    env: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    env.setenv(variable, value)
    with pytest.raises(ValidationError):
        Settings()


def test_production_refuses_the_development_issuer(env: pytest.MonkeyPatch) -> None:
    env.setenv("LINKWAY_ISSUER", "https://issuer.linkway.example/dev")
    assert Settings().issuer == "https://issuer.linkway.example/dev"
    env.setenv("LINKWAY_ENV", "production")
    with pytest.raises(ValidationError, match="development issuer"):
        Settings()


def test_production_fetches_keys_over_https_only(env: pytest.MonkeyPatch) -> None:
    env.setenv("LINKWAY_ENV", "production")
    env.setenv("LINKWAY_JWKS", "http://issuer.example.org/jwks.json")
    with pytest.raises(ValidationError, match="https"):
        Settings()


@pytest.mark.parametrize("given", ["NEITHER", "LINKWAY_KAFKA_USERNAME", "LINKWAY_KAFKA_PASSWORD"])
def test_sasl_needs_a_user_and_a_password(env: pytest.MonkeyPatch, given: str) -> None:
    env.setenv("LINKWAY_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    env.setenv(given, "garden")
    with pytest.raises(ValidationError, match="kafka_username and kafka_password"):
        Settings()


def test_every_setting_says_what_it_is_for() -> None:
    undescribed = [n for n, f in ServiceSettings.model_fields.items() if not f.description]
    assert undescribed == []


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_production_speaks_to_kafka_over_tls_unless_plaintext_is_accepted(
    env: pytest.MonkeyPatch, protocol: str
) -> None:
    env.setenv("LINKWAY_KAFKA_SECURITY_PROTOCOL", protocol)
    env.setenv("LINKWAY_KAFKA_USERNAME", "garden")
    env.setenv("LINKWAY_KAFKA_PASSWORD", "whisper")
    assert Settings().kafka_security_protocol == protocol, "development may"
    env.setenv("LINKWAY_ENV", "production")
    with pytest.raises(ValidationError, match="LINKWAY_KAFKA_SECURITY_PROTOCOL") as refused:
        Settings()
    assert "LINKWAY_ALLOW_PLAINTEXT=true" in str(refused.value)
    env.setenv("LINKWAY_ALLOW_PLAINTEXT", "true")
    assert Settings().kafka_security_protocol == protocol


@pytest.mark.parametrize(
    ("uri", "encrypted"),
    [
        ("mongodb://a:b@db-1.example.org,db-2.example.org/?replicaSet=rs0", False),
        ("mongodb://a:b@db.example.org/?tls=false", False),
        ("mongodb://a:b@db.example.org/?TLS=true&replicaSet=rs0", True),
        ("mongodb://a:b@db.example.org/?ssl=true", True),
        ("mongodb+srv://a:b@db.example.org/", True),
        ("mongodb+srv://a:b@db.example.org/?tls=false", False),
    ],
)
def test_production_speaks_to_mongodb_over_tls_unless_plaintext_is_accepted(
    env: pytest.MonkeyPatch, uri: str, *, encrypted: bool
) -> None:
    env.setenv("LINKWAY_MONGO_URI", uri)
    assert Settings().mongo_encrypted is encrypted
    env.setenv("LINKWAY_ENV", "production")
    if encrypted:
        assert Settings().is_production
        return
    with pytest.raises(ValidationError, match="LINKWAY_MONGO_CA_FILE") as refused:
        Settings()
    assert "LINKWAY_ALLOW_PLAINTEXT=true" in str(refused.value)
    assert "db.example.org" not in str(refused.value), "the value may hold a password"
    env.setenv("LINKWAY_ALLOW_PLAINTEXT", "true")
    assert Settings().is_production
    env.delenv("LINKWAY_ALLOW_PLAINTEXT")
    env.setenv("LINKWAY_MONGO_CA_FILE", "/run/authorities/mongo.pem")
    assert Settings().mongo_encrypted
