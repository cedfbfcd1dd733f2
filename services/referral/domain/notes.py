"""Notes of those who look after a person; they stay in their own organisation's records."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Note(BaseModel):
    """What someone wrote about a referral. It is in no fact and no message."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    referral_id: str
    person_id: str
    """Whom it is about, as the referral had it then."""
    organisation_id: str
    """Whose note it is: no other organisation reads it."""
    written_at: AwareDatetime
    written_by: str
    text: str
