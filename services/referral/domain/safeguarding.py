"""Concerns for someone's safety: kept apart, seen by few, told to nobody by machine.

Not a referral and never a fact on Kafka: the named lead and whoever wrote it see it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.cause import Cause
from shared.errors import Conflict

LEAD = "safeguarding_lead"
"""The role of the tenant's safeguarding lead."""

Severity = Literal["low", "medium", "high", "immediate"]
Category = Literal[
    "physical", "domestic", "sexual", "psychological", "financial", "modern_slavery",
    "discriminatory", "organisational", "neglect", "self_neglect", "child", "other",
]  # fmt: skip
"""The kinds of abuse of the Care and support statutory guidance §14.17 (Care Act 2014), and
a child at risk."""
Closure = Literal["referred_to_authority", "action_taken", "no_further_action", "duplicate"]


class Concern(BaseModel):
    """One concern; ``details`` are the author's own words."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    person_id: str
    referral_id: str | None = None
    category: Category
    severity: Severity
    details: str
    lead_subject: str | None = None
    """The lead it is for, besides those who hold the role."""
    author_subject: str
    author_organisation: str
    raised_at: AwareDatetime
    status: Literal["open", "closed"] = "open"
    closed_at: AwareDatetime | None = None
    closed_by: str | None = None
    outcome_code: Closure | None = None
    outcome_note: str | None = None


def close(
    concern: Concern, cause: Cause, *, outcome_code: Closure, note: str
) -> tuple[Concern, tuple[()]]:
    """The lead has dealt with it. Nothing is stated anywhere else."""
    if concern.status == "closed":
        raise Conflict(
            "The concern is closed already.", {"current_status": "closed", "allowed": []}
        )
    closed = {
        "status": "closed",
        "closed_at": cause.at,
        "closed_by": cause.actor.subject,
        "outcome_code": outcome_code,
        "outcome_note": note,
    }
    return concern.model_copy(update=closed), ()
