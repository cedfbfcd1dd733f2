"""What is asked: referrals, commands, appointments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.referral.domain.person import Contact, Person, is_nhs_number
from services.referral.domain.referral import DeclineCode, EndCode, OutcomeCode, WithdrawalCode
from shared.events import AppointmentMode, ReferralKind


def _past(day: date) -> date:
    if not date(1900, 1, 1) <= day <= datetime.now(UTC).date():
        raise ValueError("must be a past date, 1900-01-01 or later")
    return day


def _nhs_number(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "")
    if not is_nhs_number(digits):
        raise ValueError("must be ten digits that pass the Modulus 11 check")
    return digits


Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
NeedCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,63}$")]
PastDate = Annotated[date, AfterValidator(_past)]
NhsNumber = Annotated[str, StringConstraints(max_length=20), AfterValidator(_nhs_number)]
Telephone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,24}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Postcode = Annotated[
    str,
    StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}$"),
]


class _Inbound(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewContact(_Inbound):
    """How to reach the person."""

    email: Email | None = None
    telephone: Telephone | None = None
    address: Annotated[str, StringConstraints(max_length=300)] | None = None
    postal_code: Postcode | None = None


class NewPerson(_Inbound):
    """A person described anew; matched by NHS number if known already."""

    nhs_number: NhsNumber | None = None
    given_names: Name
    family_name: Name
    birth_date: PastDate
    contact: NewContact = NewContact()
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] | None = (
        None
    )
    interpreter_needed: bool = False

    def as_person(self, person_id: str, tenant: str) -> Person:
        """The person under this id."""
        return Person(
            id=person_id,
            tenant=tenant,
            nhs_number=self.nhs_number,
            given_names=self.given_names,
            family_name=self.family_name,
            birth_date=self.birth_date,
            contact=Contact(**dict(self.contact)),
            language=self.language,
            interpreter_needed=self.interpreter_needed,
        )


class NewConsent(_Inbound):
    """The person's agreement to share their details for this referral; without it, none."""

    given: Literal[True]
    method: Literal["verbal", "written", "representative"]


class NewReferral(_Inbound):
    """A referral to make. An intake says who; the others name the case it belongs to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "intake",
                    "service_id": "7d9c0a52-6f0e-5a0e-9d5c-0a4c1b8e2f11",
                    "person": {
                        "nhs_number": "999 000 0018",
                        "given_names": "Example",
                        "family_name": "Person",
                        "birth_date": "1957-03-14",
                        "contact": {"telephone": "07700 900123", "postal_code": "ZZ1 2AB"},
                    },
                    "need_codes": ["loneliness"],
                    "reason": "Lost touch with friends since moving.",
                    "consent": {"given": True, "method": "verbal"},
                }
            ]
        }
    )

    kind: ReferralKind
    service_id: Id
    case_id: Id | None = None
    person_id: Id | None = None
    person: NewPerson | None = None
    need_codes: Annotated[tuple[NeedCode, ...], Field(min_length=1, max_length=10)]
    priority: Literal["routine", "urgent"] = "routine"
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    consent: NewConsent


class Acceptance(_Inbound):
    """Taking a referral, and who will look after it."""

    assigned_to: Id | None = None


class Assignment(_Inbound):
    """Who looks after it from now on."""

    assigned_to: Id


class Decline(_Inbound):
    """Why the referral is not taken."""

    reason_code: DeclineCode


class Withdrawal(_Inbound):
    """Why the referral is taken back."""

    reason_code: WithdrawalCode


class Completion(_Inbound):
    """What came of it."""

    outcome_code: OutcomeCode


class End(_Inbound):
    """Why it ended without an outcome."""

    reason_code: EndCode


class NewAppointment(_Inbound):
    """A contact to arrange."""

    start: AwareDatetime
    mode: AppointmentMode = "in_person"


class Cancellation(_Inbound):
    """Who called the contact off."""

    cancelled_by: Literal["person", "provider"]
