"""Synthetic people: nobody who exists, and nobody who could be mistaken for someone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

_WEIGHTS = range(10, 1, -1)
_NEVER_ISSUED = 10
_TEST_RANGE = "999"
"""NHS numbers that begin so are never given to anyone."""
_NEVER_IN_A_POSTCODE = "CIKMOV"
"""Letters that the last two places of a real UK postcode never hold."""
_MIDDLES = 1_000_000
_MOBILES = 1000
"""Ofcom keeps 07700 900000 to 900999 for drama."""
_KEEPS_TO_THE_DAY = 10
"""One in so many says nothing of hours, and gets text messages by day. All others may be texted
at any hour: the demo then shows much the same by night."""

_OLDEST, _YOUNGEST = date(1931, 1, 1), date(2007, 12, 31)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone to be referred; ``number`` counts the people from 1."""

    number: int
    nhs_number: str
    given_names: str
    family_name: str
    birth_date: date
    telephone: str
    inward: str
    """The second half of their postcode; the first is that of their practice."""

    @property
    def email(self) -> str:
        """An address in a domain that exists for examples only."""
        return f"person-{self.number}@example.org"

    def age(self, day: date) -> int:
        """Whole years lived on that day."""
        before = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before

    def as_new(self, district: str | None) -> dict[str, Any]:
        """The person as the referral API takes them, living in this postcode district."""
        contact: dict[str, Any] = {"telephone": self.telephone, "email": self.email}
        if self.number % _KEEPS_TO_THE_DAY:
            contact["safety"] = {"sms": {"safe": True, "safe_from": "00:00", "safe_to": "23:59"}}
        if district:
            contact["postal_code"] = f"{district} {self.inward}"
        return {
            "nhs_number": self.nhs_number,
            "given_names": self.given_names,
            "family_name": self.family_name,
            "birth_date": self.birth_date.isoformat(),
            "contact": contact,
        }


def make_people(count: int, seed: int) -> Sequence[Person]:
    """The same people for the same seed, each with an NHS number of their own."""
    from faker import Faker

    chance = random.Random(seed)  # noqa: S311 - made-up people want a seed, not secrecy
    fake = Faker("en_GB")
    fake.seed_instance(seed)
    numbers = _nhs_numbers(chance)
    return [
        Person(
            number=number,
            nhs_number=next(numbers),
            given_names=fake.first_name(),
            family_name=fake.last_name(),
            birth_date=fake.date_between(_OLDEST, _YOUNGEST),
            telephone=f"07700 900{number % _MOBILES:03}",
            inward=f"{chance.randrange(10)}{''.join(chance.choices(_NEVER_IN_A_POSTCODE, k=2))}",
        )
        for number in range(1, count + 1)
    ]


def check_digit(nine: str) -> str | None:
    """The tenth digit of an NHS number, None where these nine are never issued.

    Source: NHS Data Dictionary, NHS NUMBER, the Modulus 11 algorithm: the nine digits weighted
    10 to 2; the digit is 11 minus the remainder by 11, where 11 becomes 0 and 10 is not used.
    """
    weighted = sum(int(digit) * weight for digit, weight in zip(nine, _WEIGHTS, strict=True))
    digit = (11 - weighted % 11) % 11
    return None if digit == _NEVER_ISSUED else str(digit)


def _nhs_numbers(chance: random.Random) -> Iterator[str]:
    """Different valid numbers of the test range."""
    drawn: set[int] = set()
    while True:
        middle = chance.randrange(_MIDDLES)
        nine = f"{_TEST_RANGE}{middle:06}"
        if middle not in drawn and (digit := check_digit(nine)):
            yield nine + digit
        drawn.add(middle)
