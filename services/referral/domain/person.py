"""A person: identity, contact and how they may be reached. Nothing else stores these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.referral.domain.contact import Contact, Representative
from services.referral.domain.record import ConsentScope
from shared.cause import Cause
from shared.events import AdministrativeGender, EthnicGroup, Event, EventActor, PersonEvent

PersonFactT = TypeVar("PersonFactT", bound=PersonEvent)


class Statistics(BaseModel):
    """The groups a person is counted under, as the referrer stated them."""

    model_config = ConfigDict(frozen=True)

    administrative_gender: AdministrativeGender = "unknown"
    ethnic_group: EthnicGroup = "not_stated"
    deprivation_decile: int | None = None
    """Index of Multiple Deprivation, 1 the most deprived tenth to 10 the least."""


class Death(BaseModel):
    """That the person has died, and who recorded it."""

    model_config = ConfigDict(frozen=True)

    died_on: date | None
    recorded_at: AwareDatetime
    recorded_by: str
    organisation: str


class Move(BaseModel):
    """That the person lives elsewhere; out of the area, the practice's part ends."""

    model_config = ConfigDict(frozen=True)

    effective_on: date
    out_of_area: bool
    recorded_at: AwareDatetime
    recorded_by: str


class Restriction(BaseModel):
    """That only those named see the record; ``named_workers`` are subjects at the issuer."""

    model_config = ConfigDict(frozen=True)

    named_workers: tuple[str, ...]
    reason_code: str
    recorded_at: AwareDatetime
    recorded_by: str


class ConsentEntry(BaseModel):
    """One decision about sharing: of what, with whom, when, how, and who recorded it.

    ``recipients`` are organisations; none means all. No ``scope`` means everything, as a
    withdrawal always does. Entries are never changed.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    decision: Literal["granted", "withdrawn"]
    recipients: tuple[str, ...] = ()
    scope: tuple[ConsentScope, ...] = ()
    method: Literal["verbal", "written", "representative"]
    note: str | None = None
    recorded_at: AwareDatetime
    recorded_by: str
    organisation: str


class Hold(BaseModel):
    """That new processing waits for a decision on a request to be erased (UK GDPR Art 18)."""

    model_config = ConfigDict(frozen=True)

    erasure_id: str
    since: AwareDatetime


class LegalHold(BaseModel):
    """That the record is kept for a claim or an inquiry, however old it is and whoever asks."""

    model_config = ConfigDict(frozen=True)

    reason_code: str
    since: AwareDatetime
    by: str
    organisation: str


class OptOut(BaseModel):
    """The person's National Data Opt-out as recorded here: whether, when, and by whom."""

    model_config = ConfigDict(frozen=True)

    opted_out: bool
    recorded_at: AwareDatetime
    recorded_by: str
    organisation: str


class Merge(BaseModel):
    """That another record was found to be this person: what was taken from it, by whom.

    ``before`` and ``after`` hold the fields that changed, so that the merge can be undone.
    """

    model_config = ConfigDict(frozen=True)

    retired_id: str
    reason: str
    at: AwareDatetime
    by: str
    organisation: str
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    nhs_number_taken: str | None = None
    withdrawn_referral_ids: tuple[str, ...] = ()
    """Open referrals withdrawn because the other record had one to the same service."""
    undone_at: AwareDatetime | None = None
    undone_by: str | None = None
    undone_reason: str | None = None
    case_ids: tuple[str, ...] = ()
    """The cases that went back when the merge was undone."""


class Person(BaseModel):
    """One person in one tenant; the id is opaque and says nothing of them.

    ``merged_into`` makes the record an alias: whoever asks for it gets that person.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    nhs_number: str | None = None
    given_names: str
    family_name: str
    birth_date: date
    contact: Contact = Contact()
    language: str | None = None
    """The language they prefer, BCP 47; ``bfi`` is British Sign Language."""
    interpreter_needed: bool = False
    communication_needs: tuple[str, ...] = ()
    accessibility_needs: tuple[str, ...] = ()
    representative: Representative | None = None
    statistics: Statistics = Statistics()
    moved: Move | None = None
    deceased: Death | None = None
    restriction: Restriction | None = None
    consents: tuple[ConsentEntry, ...] = ()
    candidates: tuple[str, ...] = ()
    """Other records that may be the same person, for someone to look at."""
    distinct_from: tuple[str, ...] = ()
    """Records that look alike and were found to be someone else."""
    merges: tuple[Merge, ...] = ()
    merged_into: str | None = None
    held: Hold | None = None
    legal_hold: LegalHold | None = None
    opt_outs: tuple[OptOut, ...] = ()
    """Every change of the National Data Opt-out, oldest first; the last one counts."""

    @property
    def opted_out(self) -> bool:
        """Whether their data is used for their own care alone, and in no report."""
        return bool(self.opt_outs) and self.opt_outs[-1].opted_out

    def with_(self, **changes: Any) -> Person:
        """A validated copy."""
        return Person.model_validate({**dict(self), **changes})

    def is_open_to(self, subject: str) -> bool:
        """Whether this worker may see the record as far as its restriction goes."""
        return self.restriction is None or subject in self.restriction.named_workers


ChangedPerson = tuple[Person, Sequence[Event]]


def person_fact(event: type[PersonFactT], person: Person, cause: Cause, **said: Any) -> PersonFactT:
    """A fact about this person, caused by this cause."""
    return event(
        tenant=person.tenant,
        occurred_at=cause.at,
        actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        person_id=person.id,
        **said,
    )


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
