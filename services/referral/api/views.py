"""What is answered: receipts for commands, and views for those who look."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from services.referral.domain.disclosure import Sight
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Contact, Person, age_on, postcode_district
from services.referral.domain.referral import Appointment, GoalProgress, Referral
from shared.events import ReferralKind
from shared.store import Saved


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

    @classmethod
    def about(cls, saved: Saved[Referral], appointment_id: str, status: str) -> AppointmentReceipt:
        """What the command led to for the referral and the appointment."""
        return cls.model_validate(
            {
                **dict(Receipt.of(saved)),
                "appointment_id": appointment_id,
                "appointment_status": status,
            }
        )


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
