"""What a referral's record is made of: its code lists and the small parts inside it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.referral.domain.meetings import APPOINTMENT_TO_COME, AppointmentStatus
from shared.events import (
    AppointmentMode,
    ContactChannel,
    ContactOutcome,
    GoalAchievement,
    GoalLifecycle,
)

DeclineCode = Literal[
    "no_capacity",
    "not_eligible",
    "out_of_area",
    "wrong_service",
    "insufficient_information",
    "risk_too_high",
    "duplicate",
    "other",
]
OutcomeCode = Literal["goals_met", "partly_met", "stepped_up", "other"]
EndCode = Literal[
    "person_declined", "uncontactable", "did_not_attend", "moved", "deceased", "other"
]
WithdrawalCode = Literal[
    "person_declined", "no_longer_needed", "moved", "deceased", "made_in_error"
]
ErrorCode = Literal["wrong_person", "wrong_service", "duplicate", "other"]
HoldCode = Literal["person_unwell", "person_away", "person_asked", "service_paused", "other"]
QuestionCode = Literal[
    "eligibility", "needs", "contact_details", "access_needs", "risk", "availability", "other"
]
FollowUpCode = Literal["attended", "not_attended", "unknown"]
ConsentScope = Literal["referral_details", "contact_details", "assessment_and_goals"]
"""What a person agrees to have shared.

``referral_details`` are the needs, the reason, age, district and what helps them to take part;
``contact_details`` who they are and how to reach them; ``assessment_and_goals`` what they said
matters to them. Social prescribing has no national list of these: the codes are Linkway's own.
"""


class Consent(BaseModel):
    """That the person agreed to their details being shared for this referral."""

    model_config = ConfigDict(frozen=True)

    method: Literal["verbal", "written", "representative"]
    recorded_at: AwareDatetime
    recorded_by_organisation: str
    scope: tuple[ConsentScope, ...] = ("referral_details", "contact_details")
    """What may be shared; what was recorded before there was a scope was agreed to be these."""
    withdrawn_at: AwareDatetime | None = None
    """When the person no longer agreed; the provider then sees only that it happened."""


class Appointment(BaseModel):
    """A contact with the person; statuses are FHIR's."""

    model_config = ConfigDict(frozen=True)

    id: str
    start: AwareDatetime
    mode: AppointmentMode
    status: AppointmentStatus
    interpreter_language: str | None = None
    """The language to interpret into for it, BCP 47; British Sign Language is ``bfi``."""
    cancelled_by: Literal["person", "provider"] | None = None
    replaces: str | None = None
    """The appointment it was moved from."""
    replaced_by: str | None = None
    session_id: str | None = None
    """The group session it is a place in; what happens there decides what is said here."""
    session_seq: int = 0
    """The number of the session's newest fact that was applied."""
    reminded: bool = False
    """Whether a reminder fell due already, or none is to."""

    @property
    def is_to_come(self) -> bool:
        """Whether the contact may still take place."""
        return self.status in APPOINTMENT_TO_COME

    def with_status(self, status: AppointmentStatus, **changes: Any) -> Appointment:
        """A copy that stands so."""
        return self.model_copy(update={"status": status, **changes})


class Question(BaseModel):
    """What the provider asked before deciding, and the answer; the words stay here."""

    model_config = ConfigDict(frozen=True)

    code: QuestionCode
    text: str
    asked_at: AwareDatetime
    answer: str | None = None
    answered_at: AwareDatetime | None = None


class RerouteNeed(BaseModel):
    """That the referral leads nowhere any more, why, and since when."""

    model_config = ConfigDict(frozen=True)

    reason_code: Literal["service_closed", "declined", "expired"]
    since: AwareDatetime


class Dismissal(BaseModel):
    """Why no other service is sought after all; the words stay here."""

    model_config = ConfigDict(frozen=True)

    reason: str
    at: AwareDatetime
    by: str


class ContactAttempt(BaseModel):
    """That someone tried to reach the person, outside any appointment; ``note`` stays here."""

    model_config = ConfigDict(frozen=True)

    id: str
    at: AwareDatetime
    channel: ContactChannel
    outcome_code: ContactOutcome
    by: str
    note: str | None = None


class Clocks(BaseModel):
    """What the clocks of a referral have told already, and when one of them is next due.

    ``told`` are the stages of an answer that is late, ``reviews`` how many times the place
    on the waiting list fell due for review, ``reviewed`` how many of them the provider did and
    ``offered`` how many whoever referred did, all since ``since``, when the present status began.
    """

    model_config = ConfigDict(frozen=True)

    since: AwareDatetime | None = None
    told: tuple[Literal["first", "second", "escalated"], ...] = ()
    reviews: int = 0
    reviewed: int = 0
    offered: int = 0
    due_at: AwareDatetime | None = None
    provider_todo_at: AwareDatetime | None = None
    """From when the provider has something to do about it."""
    referrer_todo_at: AwareDatetime | None = None
    """From when whoever referred has."""


class GoalProgress(BaseModel):
    """How far a goal has come, as outcomes last said; its wording stays there."""

    model_config = ConfigDict(frozen=True)

    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement
    seq: int
