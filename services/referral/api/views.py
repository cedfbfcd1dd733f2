"""What is answered: receipts for commands, and views for those who look."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from services.referral.api.person_views import PersonView
from services.referral.domain.disclosure import MEETINGS, of_person
from services.referral.domain.ending import Attention
from services.referral.domain.lifecycle import Status
from services.referral.domain.meetings import AppointmentStatus
from services.referral.domain.person import Person
from services.referral.domain.policy import Sight
from services.referral.domain.record import (
    Appointment,
    Consent,
    Dismissal,
    GoalProgress,
    Question,
    RerouteNeed,
)
from services.referral.domain.referral import Referral
from shared.events import ReferralKind, SourceCode
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
    possible_duplicates: tuple[str, ...] = ()
    """Records you know that may be the same person: look, and merge where they are."""
    other_possible_duplicates: int | None = None
    """For the team that holds the case: how many more there are that it does not know."""

    @classmethod
    def of(
        cls,
        saved: Saved[Referral],
        possible_duplicates: tuple[str, ...] = (),
        others: int | None = None,
    ) -> ReferralReceipt:
        """What was made."""
        return cls(
            possible_duplicates=possible_duplicates,
            other_possible_duplicates=others,
            id=saved.id,
            version=saved.version,
            status=_status(saved),
            case_id=saved.state.case_id,
            person_id=saved.state.person_id,
        )


class AppointmentReceipt(Receipt):
    """The answer to a command about an appointment; ``id`` and ``version`` are the referral's."""

    appointment_id: str
    appointment_status: AppointmentStatus

    @classmethod
    def about(
        cls, saved: Saved[Referral], appointment_id: str, status: AppointmentStatus
    ) -> AppointmentReceipt:
        """What the command led to for the referral and the appointment."""
        return cls(
            **dict(Receipt.of(saved)), appointment_id=appointment_id, appointment_status=status
        )


def _status(saved: Saved[Referral]) -> Status:
    return Status(saved.receipt.get("status", saved.state.status))


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
    ended_at: datetime | None = None
    replaces: str | None = None
    rerouted_to: str | None = None
    suggested_service_ids: tuple[str, ...] = ()
    questions: tuple[Question, ...] | None = None
    source_code: SourceCode | None = None
    previous_case_id: str | None = None
    override_reason: str | None = None
    consent: Consent | None = None
    """What the person agreed to share for this referral, how they said so, and when."""
    reroute_needed: RerouteNeed | None = None
    reroute_dismissed: Dismissal | None = None
    attention: Attention | None = None
    appointments: tuple[Appointment, ...] | None = None
    closure_proposed: Literal["did_not_attend", "uncontactable"] | None = None
    """Closing was proposed: confirm it with `not-complete`, or say `go-on`."""
    goals: dict[str, GoalProgress] | None = None
    person_id: str | None = None
    person: PersonView | None = None

    @classmethod
    def of(
        cls, saved: Saved[Referral], how: Sight, person: Person | None, at: datetime
    ) -> ReferralView:
        """The view for this much sight at that time."""
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
                    "ended_at",
                )
            },
        }
        if how is Sight.RESTRICTED and person is not None:
            view |= {"person_id": person.id, "person": PersonView.of(person, how, at)}
        elif how is not Sight.HAPPENED:
            view |= {
                "replaces": referral.replaces,
                "rerouted_to": referral.rerouted_to,
                "suggested_service_ids": referral.suggested_service_ids,
                "need_codes": referral.need_codes,
                "priority": referral.priority,
                "reason": referral.reason,
                "questions": referral.questions,
                "person_id": referral.person_id,
                "person": PersonView.of(person, of_person(how, referral), at) if person else None,
                "consent": referral.consent,
            }
        if how in MEETINGS:
            view |= {
                "assigned_to": referral.assigned_to,
                "appointments": referral.appointments,
                "closure_proposed": referral.closure_proposed,
            }
        if how is Sight.ALL:
            view |= {
                name: getattr(referral, name)
                for name in (
                    "goals",
                    "source_code",
                    "previous_case_id",
                    "override_reason",
                    "reroute_needed",
                    "reroute_dismissed",
                    "attention",
                )
            }
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
