"""The kinds of fields that requests are made of, each with the rule it must keep."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
)

from services.referral.domain.calendar import day_of
from services.referral.domain.person import is_nhs_number
from services.referral.domain.record import ConsentScope
from shared.web import read_at


def _past(day: date, info: ValidationInfo) -> date:
    if not date(1900, 1, 1) <= day <= day_of(read_at(info)):
        raise ValueError("must be a past date, 1900-01-01 or later")
    return day


def _nhs_number(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "")
    if not is_nhs_number(digits):
        raise ValueError("must be ten digits that pass the Modulus 11 check")
    return digits


def _once_each(scope: tuple[ConsentScope, ...]) -> tuple[ConsentScope, ...]:
    if len(set(scope)) < len(scope):
        raise ValueError("must name each of them once")
    return scope


Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
NeedCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,63}$")]
PastDate = Annotated[date, AfterValidator(_past)]
NhsNumber = Annotated[str, StringConstraints(max_length=20), AfterValidator(_nhs_number)]
Telephone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,24}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Postcode = Annotated[
    str,
    StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}$"),
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Scope = Annotated[tuple[ConsentScope, ...], Field(max_length=3), AfterValidator(_once_each)]
"""What a person agrees to have shared."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$", max_length=35)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""Hours and minutes where the person lives, as "09:00"."""


class Inbound(BaseModel):
    """What a request may hold: exactly the fields stated."""

    model_config = ConfigDict(extra="forbid", frozen=True)


LINK_WORKERS = "387edb94-880b-5044-8f4d-de7dd4ebab31"
LUNCH_TABLE = "897f40e4-b237-5fba-8058-45f4d3337ffa"
SATURDAY_WALK = "1e60ed0b-7d3f-5739-aca9-350a22fd51d3"
"""A team and two services of the directory that `make demo` loads: examples name them."""

ANY_ID = "0190c0de-0000-7000-8000-000000000001"
"""Stands in examples for an id that only the reader's own calls can make."""


def example(**fields: JsonValue) -> ConfigDict:
    """The configuration of a request whose example is this one."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [fields]})
