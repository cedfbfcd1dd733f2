"""How long a record is kept, and when its time is over: the controller's rules, as data.

The defaults are those of the NHS Records Management Code of Practice (2021, Appendix II) for
the records of adults, of children and of the dead; no line there names social prescribing, so
each controller states its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from services.referral.domain.calendar import day_of
from services.referral.domain.person import Person, age_on
from services.referral.domain.referral import Referral

RecordType = Literal["adult", "child", "deceased"]

_ADULT = 18
_OLD_CHILD = 17


class RetentionRules(BaseModel):
    """How long each type of record is kept, in whole years, and until which age a child's.

    A child's record is kept a year longer where the child was 17 when last seen.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"adult_years": 10}]}
    )

    adult_years: int = Field(8, ge=0, le=100)
    child_until_age: int = Field(25, ge=18, le=100)
    deceased_years: int = Field(8, ge=0, le=100)


DEFAULT = RetentionRules()


class Term(NamedTuple):
    """The type of a record, when the person was last seen, and from when it need not be kept."""

    record_type: RecordType
    last_seen: date
    ends_on: date


def last_seen(made_at: datetime, referrals: Iterable[Referral], now: datetime) -> date:
    """The last day on which anything was done for the person."""
    times = [made_at]
    for referral in referrals:
        times += [referral.consent.recorded_at]
        times += [] if referral.clocks.since is None else [referral.clocks.since]
        times += [each.at for each in referral.contacts]
        times += [each.start for each in referral.appointments if each.start <= now]
    return day_of(max(times))


def term(
    person: Person,
    made_at: datetime,
    referrals: Sequence[Referral],
    rules: RetentionRules,
    now: datetime,
) -> Term | None:
    """Until when the record is kept; None while anything about the person is open or held."""
    if any(each.is_open for each in referrals):
        return None
    if person.legal_hold is not None or person.held is not None:
        return None
    seen = last_seen(made_at, referrals, now)
    if person.deceased is not None:
        died = person.deceased.died_on or day_of(person.deceased.recorded_at)
        return Term("deceased", seen, years_after(died, rules.deceased_years))
    age = age_on(person.birth_date, seen)
    if age < _ADULT:
        until = rules.child_until_age + (age == _OLD_CHILD)
        return Term("child", seen, years_after(person.birth_date, until))
    return Term("adult", seen, years_after(seen, rules.adult_years))


def is_over(found: Term | None, today: date) -> bool:
    """Whether the record need not be kept any more."""
    return found is not None and found.ends_on <= today


def years_after(day: date, years: int) -> date:
    """The same day so many years later; 1 March where that year has no 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
