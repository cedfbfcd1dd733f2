"""A person: identity, contact and how they may be reached. Nothing else stores these."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict


class Contact(BaseModel):
    """How to reach the person; each part is optional."""

    model_config = ConfigDict(frozen=True)

    email: str | None = None
    telephone: str | None = None
    address: str | None = None
    postal_code: str | None = None


class Person(BaseModel):
    """One person in one tenant; the id is opaque and says nothing of them."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    nhs_number: str | None = None
    given_names: str
    family_name: str
    birth_date: date
    contact: Contact = Contact()
    language: str | None = None
    """The language they prefer, BCP 47."""
    interpreter_needed: bool = False


def age_on(birth_date: date, day: date) -> int:
    """Whole years lived on that day."""
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits pass the Modulus 11 check.

    Source: NHS Data Dictionary, NHS NUMBER: the first nine digits weighted 10 to 2; the
    check digit is 11 minus the remainder by 11, where 11 becomes 0 and 10 is never issued.
    """
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit():  # noqa: PLR2004 - its length
        return False
    weighted = sum(
        int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)
    )
    check = (11 - weighted % 11) % 11
    return check != 10 and check == int(digits[9])  # noqa: PLR2004 - never issued, see above


def postcode_district(postal_code: str | None) -> str | None:
    """The outward part, which names an area and not a street: ``ZZ1 2AB`` gives ``ZZ1``."""
    if postal_code is None:
        return None
    compact = postal_code.replace(" ", "").upper()
    return compact[:-3] or None
