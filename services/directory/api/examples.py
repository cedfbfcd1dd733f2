"""Rows as the documentation shows them; the organisation is one that `make demo` loads."""

from __future__ import annotations

from typing import Any

SERVICE: dict[str, Any] = {
    "id": "6f1d4f0e-5a7c-5c1e-9a52-1b7f0c2d9e34",
    "name": "Soup and Scrabble",
    "description": "Soup, bread and a board game; come alone or bring someone.",
    "organization": {
        "id": "9834269b-5271-5b76-baeb-ab27aca72ea6",
        "name": "The Galley Kitchen",
    },
    "service_role": "community",
    "need_codes": ["loneliness", "social_group"],
    "locations": [{"name": "The Galley Kitchen", "postal_code": "ZZ2 1AB"}],
    "schedules": [{"freq": "WEEKLY", "byday": "TH", "opens_at": "12:00", "closes_at": "14:00"}],
    "languages": ["en"],
    "minimum_age": 18,
    "free": True,
    "email": "hello@the-galley-kitchen.example.org",
    "capacity": {"unit": "places", "maximum": 12},
}
ORGANISATION: dict[str, Any] = {
    "id": "Y90001",
    "name": "Harbour Lights Surgery",
    "kind": "practice",
    "address": {"address_1": "1 Capstan Walk", "city": "Merrowhaven", "postal_code": "ZZ1 1AA"},
    "telephone": "07700 900100",
    "part_of": "U90001",
}
DISTRICT: dict[str, Any] = {
    "id": "ZZ1",
    "latitude": 54.0031,
    "longitude": 0.5012,
    "town": "Merrowhaven Harbour",
}
