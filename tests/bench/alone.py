"""One service by itself: on a real database, while Kafka is away, as it may be."""

from __future__ import annotations

from pathlib import Path

from shared.devissuer import DevIssuer
from shared.servers import free_port


def environment(issuer: DevIssuer, mongo_uri: str, database: str, folder: Path) -> dict[str, str]:
    """The variables of such a service; the issuer's keys are written into ``folder``."""
    return {
        "LINKWAY_ENV": "development",
        "LINKWAY_LOG_LEVEL": "ERROR",
        "LINKWAY_MONGO_URI": mongo_uri,
        "LINKWAY_MONGO_DATABASE": database,
        "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "LINKWAY_JWKS": str(issuer.write_jwks(folder / "jwks.json")),
        "LINKWAY_ISSUER": issuer.issuer,
        "LINKWAY_AUDIENCE": issuer.audience,
    }
