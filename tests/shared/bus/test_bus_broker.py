"""The broker's settings: nothing acknowledged before it is safe, and safe on the way."""

from __future__ import annotations

from shared.bus import make_broker
from shared.bus.broker import connection_options
from tests.shared.bus.harness import settings_for


async def test_a_write_counts_when_all_replicas_have_it_and_is_never_doubled_on_the_way() -> None:
    broker = make_broker(settings_for("one.example.org:9092,two.example.org:9092", "", tansu=False))
    options = broker._connection_kwargs
    assert options["acks"] == "all"
    assert options["enable_idempotence"] is True
    assert options["bootstrap_servers"] == ["one.example.org:9092", "two.example.org:9092"]
    assert broker.config.broker_config.allow_auto_create_topics is False


async def test_idempotence_is_off_only_where_the_settings_say_so() -> None:
    options = make_broker(settings_for("127.0.0.1:9092", "", tansu=True))._connection_kwargs
    assert options["enable_idempotence"] is False
    assert options["acks"] == "all"


async def test_sasl_signs_in_with_scram_over_a_verified_connection() -> None:
    settings = settings_for(
        "kafka.example.org:9093",
        "",
        tansu=False,
        kafka_security_protocol="SASL_SSL",
        kafka_username="referral",
        kafka_password="secret",
    )
    options = connection_options(settings)
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["sasl_plain_username"] == "referral"
    assert options["sasl_plain_password"] == "secret"
    assert options["ssl_context"].check_hostname
    assert make_broker(settings)._connection_kwargs["sasl_mechanism"] == "SCRAM-SHA-512"


async def test_tls_alone_verifies_the_broker() -> None:
    settings = settings_for(
        "kafka.example.org:9093", "", tansu=False, kafka_security_protocol="SSL"
    )
    options = connection_options(settings)
    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"].check_hostname
