"""How the commands that look at the databases themselves reach MongoDB and Kafka."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from shared.kafkasettings import KafkaSettings
from shared.store import Database


class AuditSettings(KafkaSettings):
    """Read from the same variables as a service's; Kafka may be left out."""

    service: Literal["audit"] = "audit"
    kafka_bootstrap: str = Field(
        "", description="Kafka bootstrap servers; without them no anchors are compared."
    )
    mongo_uri: SecretStr = Field(
        description="MongoDB connection string of a user who may read the audits' databases; "
        "to archive, one who may remove from them."
    )
    mongo_ca_file: str | None = Field(None, description="As for a service.")
    mongo_certificate_file: str | None = Field(None, description="As for a service.")
    mongo_prefix: str = Field(
        "", description="Put before the databases' names, where they are not named as the services."
    )

    def database(self, service: str) -> Database:
        """The database of a service."""
        return Database.connect(
            self.mongo_uri.get_secret_value(),
            f"{self.mongo_prefix}{service}",
            ca_file=self.mongo_ca_file,
            certificate_file=self.mongo_certificate_file,
        )
