"""What is asked: referrals, commands, appointments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from services.referral.api.fields import (
    ANY_ID,
    LINK_WORKERS,
    LUNCH_TABLE,
    SATURDAY_WALK,
    Id,
    Inbound,
    Language,
    NeedCode,
    Scope,
    Words,
    example,
)
from services.referral.api.person_requests import NewPerson
from services.referral.domain.record import (
    ConsentScope,
    DeclineCode,
    EndCode,
    ErrorCode,
    FollowUpCode,
    HoldCode,
    OutcomeCode,
    QuestionCode,
    WithdrawalCode,
)
from shared.events import AppointmentMode, ReferralKind, SourceCode


def _with_details(scope: tuple[ConsentScope, ...]) -> tuple[ConsentScope, ...]:
    if "referral_details" not in scope:
        raise ValueError("must hold referral_details: without them there is nothing to refer")
    return scope


class NewConsent(Inbound):
    """The person's agreement to share their details for this referral; without it, none.

    Without `contact_details` in `scope`, the provider who takes the person on sees neither who
    they are nor how to reach them. `assessment_and_goals` is recorded for whoever would tell a
    provider of them: Linkway shows them to no provider.
    """

    given: Literal[True]
    method: Literal["verbal", "written", "representative"]
    scope: Annotated[Scope, AfterValidator(_with_details)] = (
        "referral_details",
        "contact_details",
    )


class NewReferral(Inbound):
    """A referral to make. An intake says who; the others name the case it belongs to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "intake",
                    "service_id": LINK_WORKERS,
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
                },
                {
                    "kind": "onward",
                    "case_id": ANY_ID,
                    "service_id": LUNCH_TABLE,
                    "need_codes": ["loneliness"],
                    "reason": "Would like to cook and eat with others.",
                    "consent": {
                        "given": True,
                        "method": "verbal",
                        "scope": ["referral_details", "contact_details"],
                    },
                },
                {
                    "kind": "signpost",
                    "case_id": ANY_ID,
                    "service_id": SATURDAY_WALK,
                    "need_codes": ["physical_activity"],
                    "reason": "Likes to walk, and would go alone.",
                    "consent": {"given": True, "method": "verbal"},
                },
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
    reason: Words
    source_code: SourceCode | None = None
    """Where the person came from; for an intake, `practice` unless stated."""
    previous_case_id: Id | None = None
    """The person's earlier case; found by itself where the person is known."""
    override_reason: Words | None = None
    """Why to refer again although a like referral ended in the last days."""
    draft: bool = False
    """Keep it to yourself until it is submitted."""
    consent: NewConsent


class Acceptance(Inbound):
    """Taking a referral, and who will look after it: left out, whoever has most room."""

    model_config = example(assigned_to="worker-1")

    assigned_to: Id | None = None
    over_limit: bool = False
    """Give it to the worker named although they have as many as their limit."""


class Assignment(Inbound):
    """Who looks after it from now on: left out, whoever has most room."""

    model_config = example(assigned_to="worker-1")

    assigned_to: Id | None = None
    over_limit: bool = False


class Reroute(Inbound):
    """Another service instead; what is left out is as in the referral it replaces."""

    model_config = example(
        service_id=SATURDAY_WALK,
        reason="The lunch club has closed; the walking group meets nearby.",
        consent={"given": True, "method": "verbal"},
    )

    service_id: Id
    reason: Words
    need_codes: Annotated[tuple[NeedCode, ...] | None, Field(min_length=1, max_length=10)] = None
    priority: Literal["routine", "urgent"] | None = None
    consent: NewConsent
    """The person's agreement to share their details with the other service."""


class Dismissal(Inbound):
    """Why no other service is sought after all."""

    model_config = example(reason="They have found a group by themself.")

    reason: Words


class Question(Inbound):
    """What is to be known before deciding; the words are kept in the record alone."""

    model_config = example(question_code="access_needs", text="Is a ground-floor room needed?")

    question_code: QuestionCode
    text: Words


class Reply(Inbound):
    """The answer to the latest question."""

    model_config = example(text="Yes, they use a walking frame.")

    text: Words


class Decline(Inbound):
    """Why the referral is not taken, and which services may fit better."""

    model_config = example(reason_code="no_capacity", suggested_service_ids=[SATURDAY_WALK])

    reason_code: DeclineCode
    suggested_service_ids: Annotated[tuple[Id, ...], Field(max_length=5)] = ()


class Withdrawal(Inbound):
    """Why the referral is taken back."""

    model_config = example(reason_code="no_longer_needed")

    reason_code: WithdrawalCode


class Mistake(Inbound):
    """Why the referral should not have been made."""

    model_config = example(reason_code="wrong_person")

    reason_code: ErrorCode


class Hold(Inbound):
    """Why support pauses."""

    model_config = example(reason_code="person_unwell")

    reason_code: HoldCode


class FollowUp(Inbound):
    """What became of a signpost."""

    model_config = example(outcome_code="attended")

    outcome_code: FollowUpCode


class Completion(Inbound):
    """What came of it."""

    model_config = example(outcome_code="goals_met")

    outcome_code: OutcomeCode


class End(Inbound):
    """Why it ended without an outcome."""

    model_config = example(reason_code="person_declined")

    reason_code: EndCode


class NewTime(Inbound):
    """When and how to meet, and into which language someone interprets."""

    model_config = example(start="2026-12-01T10:00:00Z", mode="in_person")

    start: AwareDatetime
    mode: AppointmentMode = "in_person"
    interpreter_language: Language | None = None


class NewAppointment(NewTime):
    """A contact to arrange; `proposed` where the person has not said yes."""

    proposed: bool = False


class Move(NewTime):
    """The new time of an appointment, and who asked to move it."""

    model_config = example(start="2026-12-03T14:00:00Z", mode="in_person", moved_by="person")

    moved_by: Literal["person", "provider"]


class Cancellation(Inbound):
    """Who called the contact off."""

    model_config = example(cancelled_by="person")

    cancelled_by: Literal["person", "provider"]
