"""Subject access over HTTP: what the referral service holds about a person, for that person."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.referral import handlers
from services.referral.api.access import Kept
from services.referral.api.fields import Id
from services.referral.domain.contact import Contact
from services.referral.domain.referral import Referral
from services.referral.handlers import Export
from shared.cause import Cause
from shared.ids import new_id
from shared.web import Acting, Present

router = APIRouter(tags=["privacy"])


class ExportedPerson(BaseModel):
    """Who the person is, as it is held. Of a representative only what they are to the person."""

    given_names: str
    family_name: str
    nhs_number: str | None
    birth_date: date
    contact: Contact
    language: str | None
    interpreter_needed: bool
    communication_needs: tuple[str, ...]
    accessibility_needs: tuple[str, ...]
    representative: str | None
    administrative_gender: str
    ethnic_group: str
    deprivation_decile: int | None
    moved_on: date | None
    restricted: bool
    opted_out_of_reports: bool


class ExportedConsent(BaseModel):
    """A decision the person made about sharing."""

    decision: str
    recipient_organisation_ids: tuple[str, ...]
    scope: tuple[str, ...]
    """What may be shared; empty means everything."""
    method: str
    note: str | None
    recorded_at: datetime
    organisation: str


class ExportedAppointment(BaseModel):
    """A contact arranged with the person."""

    start: datetime
    mode: str
    status: str


class ExportedAttempt(BaseModel):
    """A try to reach the person."""

    at: datetime
    channel: str
    outcome_code: str
    note: str | None


class ExportedQuestion(BaseModel):
    """What a service asked before it decided, and what it was told."""

    code: str
    text: str
    asked_at: datetime
    answer: str | None


class ExportedReferral(BaseModel):
    """One referral of the person. Names of staff are left out."""

    id: str
    case_id: str
    kind: str
    made_at: datetime
    service_id: str
    provider_organisation_id: str
    source_organisation_id: str
    status: str
    since: datetime | None
    need_codes: tuple[str, ...]
    priority: str
    reason: str
    consent_method: str
    consent_scope: tuple[str, ...]
    reason_code: str | None
    outcome_code: str | None
    appointments: list[ExportedAppointment]
    contacts: list[ExportedAttempt]
    questions: list[ExportedQuestion]

    @classmethod
    def of(cls, referral: Referral) -> ExportedReferral:
        """As much of it as is about the person."""
        return cls(
            made_at=referral.consent.recorded_at,
            since=referral.clocks.since,
            consent_method=referral.consent.method,
            consent_scope=referral.consent.scope,
            appointments=[
                ExportedAppointment(start=each.start, mode=each.mode, status=each.status)
                for each in referral.appointments
            ],
            contacts=[
                ExportedAttempt(**each.model_dump(include=set(ExportedAttempt.model_fields)))
                for each in referral.contacts
            ],
            questions=[
                ExportedQuestion(**each.model_dump(include=set(ExportedQuestion.model_fields)))
                for each in referral.questions
            ],
            **{name: getattr(referral, name) for name in _AS_THEY_ARE},
        )


_AS_THEY_ARE = (
    "id",
    "case_id",
    "kind",
    "service_id",
    "provider_organisation_id",
    "source_organisation_id",
    "status",
    "need_codes",
    "priority",
    "reason",
    "reason_code",
    "outcome_code",
)


class ExportedNote(BaseModel):
    """What the asker's organisation wrote about the person."""

    written_at: datetime
    text: str


class PersonExport(BaseModel):
    """Everything the referral service holds about a person, but what is about others."""

    person_id: str
    person_ids: tuple[str, ...]
    """The ids of all their records, for asking the other services."""
    exported_at: datetime
    person: ExportedPerson
    consents: list[ExportedConsent]
    referrals: list[ExportedReferral]
    notes: list[ExportedNote]
    referrals_elsewhere: int
    """Referrals that another team has to be asked for."""
    left_out: tuple[str, ...] = (
        "names of staff",
        "contact details of whoever speaks for the person",
        "notes of other organisations",
        "safeguarding records, which are looked at separately",
    )

    @classmethod
    def of(cls, export: Export, at: datetime) -> PersonExport:
        """The export as it is handed over."""
        person = export.person
        speaks = person.representative
        return cls(
            person_id=person.id,
            person_ids=tuple(export.person_ids),
            exported_at=at,
            person=ExportedPerson(
                representative=speaks.relationship if speaks else None,
                moved_on=person.moved.effective_on if person.moved else None,
                restricted=person.restriction is not None,
                opted_out_of_reports=person.opted_out,
                **person.statistics.model_dump(),
                **person.model_dump(
                    include={
                        "given_names",
                        "family_name",
                        "nhs_number",
                        "birth_date",
                        "contact",
                        "language",
                        "interpreter_needed",
                        "communication_needs",
                        "accessibility_needs",
                    }
                ),
            ),
            consents=[
                ExportedConsent(
                    recipient_organisation_ids=each.recipients,
                    **each.model_dump(
                        include={
                            "decision",
                            "scope",
                            "method",
                            "note",
                            "recorded_at",
                            "organisation",
                        }
                    ),
                )
                for each in person.consents
            ],
            referrals=[ExportedReferral.of(each) for each in export.referrals],
            notes=[
                ExportedNote(written_at=each.written_at, text=each.text) for each in export.notes
            ],
            referrals_elsewhere=export.elsewhere,
        )


@router.get("/persons/{person_id}/export", response_model=PersonExport)
async def export_person(person_id: Id, actor: Acting, stores: Kept, now: Present) -> PersonExport:
    """Copy what is held about a person, for that person.

    A subject access request (UK GDPR Art 15). `linkway export-person` joins it with what the other
    services hold.
    """
    cause = Cause(id=new_id(), actor=actor, at=now)
    return PersonExport.of(await handlers.export_person(stores, person_id, cause), now)
