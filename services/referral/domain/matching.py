"""Whether two records may be one person, and what they are counted under."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from services.referral.domain.calendar import day_of
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Person, age_on
from services.referral.domain.referral import Referral, fact
from shared.cause import Cause
from shared.events import AgeBand, CaseProfiled

_BANDS: tuple[tuple[int, AgeBand], ...] = (
    (85, "85+"),
    (75, "75-84"),
    (65, "65-74"),
    (55, "55-64"),
    (45, "45-54"),
    (35, "35-44"),
    (25, "25-34"),
    (18, "18-24"),
    (0, "0-17"),
)


def match_key(person: Person) -> str:
    """What two records of one person have in common: names, date of birth, postcode.

    Names count without case, accents, hyphens, apostrophes and spaces, and in whichever
    order they were put into the two fields. It is personal data and stays in the record.
    """
    names = sorted((_plain(person.given_names), _plain(person.family_name)))
    postcode = _plain(person.contact.postal_code or "")
    return "|".join((*names, person.birth_date.isoformat(), postcode))


def may_be_one(first: Person, second: Person) -> bool:
    """Whether nothing says that they are two: no merge is possible across NHS numbers."""
    numbers = {first.nhs_number, second.nhs_number} - {None}
    return (
        len(numbers) < 2  # noqa: PLR2004 - two different ones are two persons
        and first.merged_into is None
        and second.merged_into is None
        and second.id not in first.distinct_from
        and first.id not in second.distinct_from
    )


def age_band(birth_date: date, day: date) -> AgeBand:
    """The band reports count someone of this age under."""
    age = age_on(birth_date, day)
    return next(band for least, band in _BANDS if age >= least)


def profiles(referral: Referral, person: Person, cause: Cause) -> Sequence[CaseProfiled]:
    """The coarse groups a case is counted under; nothing for what is not a case yet.

    Of someone who opted out no group is told, only that the case is not to be counted.
    """
    if referral.kind != "intake" or referral.status is Status.DRAFT:
        return ()
    if person.opted_out:
        return (fact(CaseProfiled, referral, cause, secondary_use=False),)
    stated = person.statistics
    groups = fact(
        CaseProfiled,
        referral,
        cause,
        age_band=age_band(person.birth_date, day_of(cause.at)),
        sex=stated.administrative_gender,
        ethnic_group=stated.ethnic_group,
        deprivation_decile=stated.deprivation_decile,
    )
    return (groups,)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]", "", "".join(c for c in decomposed if not unicodedata.combining(c)))
