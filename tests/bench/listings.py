"""Made-up services as varied as a directory's, all in one area of 60 by 60 km."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from services.directory.domain import ACCESS, NEEDS, Listing

SOUTH, WEST, NORTH, EAST = 53.0, -1.9, 53.54, -1.0  # 60 km by 60 km
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LANGUAGES = ("pl", "ur", "bn", "ar", "pa", "so", "cy", "bfi")
WORDS = (
    "Friendly",
    "Walking",
    "Gardening",
    "Lunch",
    "Craft",
    "Music",
    "Advice",
    "Cafe",
    "Community",
    "Neighbour",
    "Riverside",
    "Harbour",
    "Hilltop",
    "Meadow",
    "Station",
    "Chapel",
    "Library",
    "Pottery",
    "Choir",
    "Chess",
    "Sewing",
    "Cycling",
    "Swimming",
    "Photography",
    "Reading",
    "Allotment",
    "Kitchen",
    "Repair",
    "Theatre",
    "Dance",
)


def listings(size: int) -> Iterator[Listing]:
    """As varied as a directory is: a service in twenty offers a rarer language."""
    chance = Random(size)
    codes = list(NEEDS)
    today = datetime.now(UTC).date()
    for n in range(size):
        ages = chance.random()
        yield Listing.model_validate(
            {
                "id": f"svc-{n}",
                "name": " ".join(chance.sample(WORDS, 3)),
                "organization": {"id": f"org-{n % 2000}", "name": f"Organisation {n % 2000}"},
                "description": " ".join(chance.choices(WORDS, k=40)),
                "locations": [
                    {
                        **point(chance),
                        "city": chance.choice(WORDS),
                        "accessibility": [
                            {"code": code}
                            for code in chance.sample(list(ACCESS), chance.randint(0, 3))
                        ],
                    }
                ],
                "schedules": [
                    {
                        "freq": "WEEKLY",
                        "byday": ",".join(chance.sample(DAYS, chance.randint(1, 3))),
                        "opens_at": "10:00",
                        "closes_at": "12:00",
                    }
                ],
                "languages": ["en", chance.choice(LANGUAGES)] if chance.random() < 0.05 else ["en"],
                "minimum_age": 60 if ages < 0.15 else 18 if ages < 0.6 else None,
                "maximum_age": 25 if ages > 0.95 else None,
                "free": chance.choice([True, True, False, None]),
                "need_codes": chance.sample(codes, chance.randint(1, 3)),
                "assured_date": str(today - timedelta(days=chance.randint(0, 600))),
                "capacity": {"unit": "places", "maximum": chance.randint(0, 20)},
            }
        )


def point(chance: Random) -> dict[str, float]:
    return {
        "latitude": round(chance.uniform(SOUTH, NORTH), 5),
        "longitude": round(chance.uniform(WEST, EAST), 5),
    }
