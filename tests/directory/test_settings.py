from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.directory.domain import AssuranceRules
from services.directory.settings import Settings

NEEDED = {
    "mongo_uri": "mongodb://127.0.0.1/?replicaSet=rs0&tls=true",
    "kafka_bootstrap": "127.0.0.1:9092",
    "kafka_security_protocol": "SSL",
    "jwks": "https://issuer.example.org/jwks.json",
    "issuer": "https://issuer.example.org",
}


def test_organisations_are_asked_after_half_a_year_unless_set_otherwise() -> None:
    settings = Settings.model_validate(NEEDED)
    assert settings.assurance_rules == AssuranceRules(
        first=timedelta(days=180), second=timedelta(days=14), stale=timedelta(days=28)
    )
    sooner = Settings.model_validate({**NEEDED, "assurance_first_days": 90})
    assert sooner.assurance_rules.first == timedelta(days=90)


def test_a_listing_is_not_stale_before_it_was_asked_about_twice() -> None:
    with pytest.raises(ValidationError, match="assurance_stale_days"):
        Settings.model_validate({**NEEDED, "assurance_stale_days": 14})


def test_production_needs_link_keys_of_its_own() -> None:
    with pytest.raises(ValidationError, match="link_keys"):
        Settings.model_validate(
            {**NEEDED, "env": "production", "public_url": "https://directory.example.org"}
        )


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == [
        "service"
    ]
