"""What goes over the wire: requests, receipts and views."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.referral.domain.disclosure import Sight
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import (
    Contact,
    Person,
    age_on,
    is_nhs_number,
    postcode_district,
)
from services.referral.domain.referral import (
    Appointment,
    DeclineCode,
    EndCode,
    GoalProgress,
    OutcomeCode,
    Referral,
    WithdrawalCode,
)
from shared.events import AppointmentMode, ReferralKind
from shared.store import Saved


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


class Receipt(BaseModel):
    """The answer to a command; a repeat of the command gets the same one."""

    id: str
    version: int
    status: Status

    @classmethod
    def of(cls, saved: Saved[Referral]) -> Receipt:
        """What the command led to when it was first applied."""
        return cls(id=saved.id, version=saved.version, status=_status(saved))


class ReferralReceipt(Receipt):
    """The answer to a new referral."""

    case_id: str
    person_id: str

    @classmethod
    def of(cls, saved: Saved[Referral]) -> ReferralReceipt:
        """What was made."""
        return cls(
            id=saved.id,
            version=saved.version,
            status=_status(saved),
            case_id=saved.state.case_id,
            person_id=saved.state.person_id,
        )


class AppointmentReceipt(Receipt):
    """The answer to a command about an appointment; ``id`` and ``version`` are the referral's."""

    appointment_id: str
    appointment_status: Literal["booked", "fulfilled", "noshow", "cancelled"]


def _status(saved: Saved[Referral]) -> Status:
    return Status(saved.receipt.get("status", saved.state.status))


class PersonView(BaseModel):
    """As much of the person as the asker may see; what is left out is not theirs to know."""

    id: str
    given_names: str | None = None
    family_name: str | None = None
    nhs_number: str | None = None
    birth_date: date | None = None
    age: int
    contact: Contact | None = None
    postcode_district: str | None = None
    language: str | None = None
    interpreter_needed: bool

    @classmethod
    def of(cls, person: Person, how: Sight) -> PersonView:
        """All of it, what serving takes, or only what deciding takes."""
        today = datetime.now(UTC).date()
        view: dict[str, Any] = {
            "id": person.id,
            "age": age_on(person.birth_date, today),
            "postcode_district": postcode_district(person.contact.postal_code),
            "language": person.language,
            "interpreter_needed": person.interpreter_needed,
        }
        if how in {Sight.ALL, Sight.SERVING}:
            view |= {
                "given_names": person.given_names,
                "family_name": person.family_name,
                "contact": person.contact,
            }
        if how is Sight.ALL:
            view |= {"nhs_number": person.nhs_number, "birth_date": person.birth_date}
        return cls(**view)


class ReferralView(BaseModel):
    """A referral as its asker may see it; null is what is not theirs to know, or not there."""

    id: str
    version: int
    kind: ReferralKind
    status: Status
    case_id: str
    service_id: str
    provider_organisation_id: str
    referrer_organisation_id: str
    created_at: datetime
    need_codes: tuple[str, ...] | None = None
    priority: Literal["routine", "urgent"] | None = None
    reason: str | None = None
    assigned_to: str | None = None
    reason_code: str | None = None
    outcome_code: str | None = None
    appointments: tuple[Appointment, ...] | None = None
    goals: dict[str, GoalProgress] | None = None
    person_id: str | None = None
    person: PersonView | None = None

    @classmethod
    def of(cls, saved: Saved[Referral], how: Sight, person: Person | None) -> ReferralView:
        """The view for this much sight."""
        referral = saved.state
        view: dict[str, Any] = {
            "id": saved.id,
            "version": saved.version,
            "created_at": saved.created_at,
            **{
                name: getattr(referral, name)
                for name in (
                    "kind",
                    "status",
                    "case_id",
                    "service_id",
                    "provider_organisation_id",
                    "referrer_organisation_id",
                    "reason_code",
                    "outcome_code",
                )
            },
        }
        if how is not Sight.HAPPENED:
            view |= {
                "need_codes": referral.need_codes,
                "priority": referral.priority,
                "reason": referral.reason,
                "person_id": referral.person_id,
                "person": PersonView.of(person, how) if person else None,
            }
        if how in {Sight.ALL, Sight.SERVING}:
            view |= {"assigned_to": referral.assigned_to, "appointments": referral.appointments}
        if how is Sight.ALL:
            view["goals"] = referral.goals
        return cls(**view)


class TimelineEntry(BaseModel):
    """One thing that happened, as people read it."""

    seq: int
    type: str
    time: datetime
    actor_role: str
    actor_organisation: str
    summary: str


class Timeline(BaseModel):
    """All that happened to a referral, oldest first."""

    items: list[TimelineEntry]
