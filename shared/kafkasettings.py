"""What anything that talks to Kafka reads from its environment.

The console's deployment command needs this and no more; a service needs it too.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.settingfiles import LinkwaySettings

UNLESS_ENCRYPTED = (
    "where a service mesh or the like encrypts this connection, say LINKWAY_ALLOW_PLAINTEXT=true"
)


class KafkaSettings(LinkwaySettings):
    """How to reach Kafka, as whom, and how the installation's topics are made.

    Raises pydantic's ValidationError, naming each field but no value, when one is missing
    or does not fit.
    """

    service: str = Field(
        pattern=r"^[a-z][a-z0-9-]*$", description="The service's name, such as `referral`."
    )
    env: Literal["development", "production"] = Field(
        "development",
        description="`production` refuses what suits a demonstration alone: the development "
        "issuer, known keys, connections without TLS.",
    )
    allow_plaintext: bool = Field(
        False,
        description="Lets a production service speak to Kafka and MongoDB without TLS of its own, "
        "where something else encrypts what goes over the network, such as a service mesh.",
    )
    kafka_bootstrap: str = Field(
        min_length=1, description="Kafka bootstrap servers, `host:port`, separated by commas."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "PLAINTEXT",
        description="How to talk to Kafka; the two of `SASL` sign in. "
        "Production takes the two of `SSL` alone, unless `LINKWAY_ALLOW_PLAINTEXT` says otherwise.",
    )
    kafka_ca_file: str | None = Field(
        None,
        description="File of the authorities that Kafka's certificate may come from (PEM). "
        "Default: those of the system. Its name is always checked as well.",
    )
    kafka_certificate_file: str | None = Field(
        None, description="This service's own certificate for Kafka, with its chain (PEM)."
    )
    kafka_key_file: str | None = Field(
        None, description="Its key (PEM), where the certificate's file does not hold it."
    )
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How the two of `SASL` sign in."
    )
    kafka_username: str | None = Field(None, description="Kafka user, for the two of `SASL`.")
    kafka_password: SecretStr | None = Field(None, description="Its password.")
    kafka_idempotence: bool = Field(
        True,
        description="Idempotent producer. Off only for a broker that has none, such as Tansu.",
    )
    kafka_create_topics: bool = Field(
        True,
        description="Creates the topics that are missing. Off where the service's Kafka user "
        "may not, and `linkway kafka` makes them: the service then waits for them.",
    )
    kafka_replication: int = Field(
        1, ge=1, description="Replicas of each topic this service creates; 3 on a cluster."
    )
    topic_partitions: int = Field(
        12, ge=1, description="Partitions of each topic this service creates."
    )
    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Put before every topic and group, so that installations can share a Kafka.",
    )

    @property
    def is_production(self) -> bool:
        """Whether real people's data may be behind this process."""
        return self.env == "production"

    @property
    def must_encrypt(self) -> bool:
        """Whether a connection without TLS is refused."""
        return self.is_production and not self.allow_plaintext

    @model_validator(mode="after")
    def _never_in_the_clear_in_production(self) -> Self:
        plain = self.kafka_security_protocol in {"PLAINTEXT", "SASL_PLAINTEXT"}
        if self.must_encrypt and self.kafka_bootstrap and plain:
            raise ValueError(
                "LINKWAY_KAFKA_SECURITY_PROTOCOL must be SASL_SSL or SSL in production; "
                f"{UNLESS_ENCRYPTED}"
            )
        return self

    @model_validator(mode="after")
    def _sasl_has_both_halves(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL_") and not (
            self.kafka_username and self.kafka_password
        ):
            raise ValueError(
                f"{self.kafka_security_protocol} needs kafka_username and kafka_password"
            )
        return self

    @model_validator(mode="after")
    def _key_has_a_certificate(self) -> Self:
        if self.kafka_key_file and not self.kafka_certificate_file:
            raise ValueError("kafka_key_file needs kafka_certificate_file")
        return self
