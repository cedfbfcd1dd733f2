"""Settings and tokens that fit each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.devissuer import DevIssuer
from shared.settings import ServiceSettings
from tests.shared.web.garden import Bearer


@pytest.fixture
def settings(issuer: DevIssuer, tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(
        service="garden",
        mongo_uri="mongodb://unused.example.org",
        kafka_bootstrap="unused.example.org:9092",
        jwks=str(issuer.write_jwks(tmp_path / "jwks.json")),
        issuer=issuer.issuer,
        max_body_bytes=1_000,
    )


@pytest.fixture
def bearer(issuer: DevIssuer) -> Bearer:
    """Gives the Authorization header of an actor; a link worker of team-1 unless told."""

    def header(
        subject: str = "lw-7",
        role: str = "link_worker",
        organisation: str = "team-1",
        tenant: str = "icb-demo",
    ) -> dict[str, str]:
        token = issuer.issue(subject=subject, role=role, organisation=organisation, tenant=tenant)
        return {"Authorization": f"Bearer {token}"}

    return header
