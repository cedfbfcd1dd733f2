"""Facts owned by the referral service, on ``referral-events``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import CaseEvent

ReferralKind = Literal["intake", "onward", "signpost"]

SourceCode = Literal[
    "practice", "self", "hospital", "social_care", "voluntary_organisation", "other"
]
"""Where a case came from."""

ContactChannel = Literal["telephone", "sms", "email", "letter", "in_person", "video"]
ContactOutcome = Literal["reached", "message_left", "no_answer", "wrong_number"]


class ReferralEvent(CaseEvent):
    """What every fact about a referral says: which one, from whom, to whom."""

    topic: ClassVar[str] = "referral-events"

    referral_id: str
    kind: ReferralKind
    service_id: str
    referrer_organisation_id: str
    provider_organisation_id: str

    @property
    def subject(self) -> str:
        """The referral's id."""
        return self.referral_id

    @property
    def parties(self) -> frozenset[str]:
        """The case's organisations, the referrer and the provider."""
        return super().parties | {self.referrer_organisation_id, self.provider_organisation_id}


class ReferralCreated(ReferralEvent):
    """Someone was referred to a service."""

    type = "referral-created"
    phrase = "Referral made"

    need_codes: tuple[str, ...] = ()
    priority: Literal["routine", "urgent"] = "routine"
    source_code: SourceCode = "practice"
    replaces: str | None = None
    """The referral this one was made instead of (FHIR ServiceRequest.replaces)."""
    previous_case_id: str | None = None
    """The person's earlier case, for a re-referral."""
    due_by: AwareDatetime | None = None
    """When an unanswered referral expires."""


class ReferralAccepted(ReferralEvent):
    """The provider takes the referral; ``assigned_to`` is a worker's opaque subject."""

    type = "referral-accepted"
    phrase = "Referral accepted"

    assigned_to: str | None = None


class ReferralWaitlisted(ReferralEvent):
    """The provider would take the person and has no place yet."""

    type = "referral-waitlisted"
    phrase = "Put on the waiting list"


class ReferralDeclined(ReferralEvent):
    """The provider does not take the referral."""

    type = "referral-declined"
    phrase = "Referral declined"

    reason_code: str
    suggested_service_ids: tuple[str, ...] = ()


class ReferralStarted(ReferralEvent):
    """The first attended contact took place."""

    type = "referral-started"
    phrase = "Support started"


class ReferralWithdrawn(ReferralEvent):
    """The person or the referrer took the referral back."""

    type = "referral-withdrawn"
    phrase = "Referral withdrawn"

    reason_code: str


class ReferralCompleted(ReferralEvent):
    """The service has done what it was asked for."""

    type = "referral-completed"
    phrase = "Referral completed"

    outcome_code: str


class ReferralNotCompleted(ReferralEvent):
    """The service ended without an outcome, such as after repeated non-attendance."""

    type = "referral-not-completed"
    phrase = "Referral ended without completion"

    reason_code: str


class ReferralInfoRequested(ReferralEvent):
    """The provider needs an answer before deciding; the question itself stays in the record."""

    type = "referral-info-requested"
    phrase = "More information asked for"

    question_code: str


class ReferralInfoProvided(ReferralEvent):
    """The asking side answered; the referral is with the provider again."""

    type = "referral-info-provided"
    phrase = "Information given"


class ReferralHeld(ReferralEvent):
    """Support pauses."""

    type = "referral-held"
    phrase = "Support put on hold"

    reason_code: str


class ReferralResumed(ReferralEvent):
    """Support goes on."""

    type = "referral-resumed"
    phrase = "Support resumed"


class ReferralAssigned(ReferralEvent):
    """Another worker looks after it; ``assigned_to`` is a worker's opaque subject."""

    type = "referral-assigned"
    phrase = "Given to a worker"

    assigned_to: str


class ReferralReminderDue(ReferralEvent):
    """The provider has not answered for so long that someone should say so."""

    type = "referral-reminder-due"
    phrase = "Answer overdue"

    stage: Literal["first", "second", "escalated"]
    due_by: AwareDatetime | None = None


class ReferralReviewDue(ReferralEvent):
    """The person has waited so long that their place on the list wants looking at."""

    type = "referral-review-due"
    phrase = "Waiting list review due"

    waiting_days: int


class ReferralExpired(ReferralEvent):
    """The provider never answered; the link worker has it back."""

    type = "referral-expired"
    phrase = "Referral expired without an answer"


class ReferralRerouteNeeded(ReferralEvent):
    """This referral leads nowhere any more; the link worker is to choose another service."""

    type = "referral-reroute-needed"
    phrase = "Another service needed"

    reason_code: Literal["service_closed", "declined", "expired"]


class ReferralRerouted(ReferralEvent):
    """A new referral takes this one's place."""

    type = "referral-rerouted"
    phrase = "Referred to another service instead"

    new_referral_id: str
    new_service_id: str


class ReferralClosureProposed(ReferralEvent):
    """Closing without an outcome is proposed; a person confirms or goes on."""

    type = "referral-closure-proposed"
    phrase = "Closing proposed"

    reason_code: Literal["did_not_attend", "uncontactable"]


class ReferralEnteredInError(ReferralEvent):
    """The referral should not have been made; it counts nowhere."""

    type = "referral-entered-in-error"
    phrase = "Entered in error"

    reason_code: str


class ReferralFollowedUp(ReferralEvent):
    """What became of a signpost."""

    type = "referral-followed-up"
    phrase = "Signpost followed up"

    outcome_code: Literal["attended", "not_attended", "unknown"]


class ReferralConsentWithdrawn(ReferralEvent):
    """The person's details are no longer shared for this referral; stop using what you hold."""

    type = "referral-consent-withdrawn"
    phrase = "Consent to share withdrawn"


class ContactAttempted(ReferralEvent):
    """Someone tried to reach the person, outside any appointment."""

    type = "contact-attempted"
    phrase = "Contact attempted"

    attempt_id: str
    channel: ContactChannel
    outcome_code: ContactOutcome
