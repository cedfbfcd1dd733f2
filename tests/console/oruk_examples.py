"""A feed of Open Referral UK, and what is read from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.console.importing import oruk
from services.console.importing.records import (
    BadRow,
    Row,
    Service,
)

ORGANIZATION = {"id": "org-1", "name": "The Loft", "email": "hello@loft.example.org", "logo": None}
LOCATION = {
    "id": "loc-1",
    "location_type": "physical",
    "name": "Net Loft",
    "latitude": 54.01,
    "longitude": 0.5,
    "addresses": [
        {"id": "a", "address_1": "1 Wick Street", "city": "Ham", "postal_code": "zz11aa"}
    ],
    "accessibility": [{"id": "b", "description": "A lift."}],
}
SERVICE = {
    "id": "svc-1",
    "name": "Clay",
    "status": "active",
    "organization": ORGANIZATION,
}


def read(folder: Path, content: Any) -> list[Row | BadRow]:
    path = folder / "feed.json"
    path.write_text(json.dumps(content, indent=1))
    return list(oruk.read(path))


def services(rows: list[Row | BadRow]) -> list[Service]:
    return [row.record for row in rows if isinstance(row, Row) and isinstance(row.record, Service)]
