"""What is answered about persons: as much as the asker may see of them now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.referral.domain.calendar import day_of
from services.referral.domain.contact import Contact, Representative
from services.referral.domain.person import Move, Person, age_on, postcode_district
from services.referral.domain.policy import Sight
from services.referral.domain.reaching import MessageWay, Suppression
from services.referral.domain.record import ConsentScope
from shared.store import Saved


class PersonView(BaseModel):
    """As much of the person as the asker may see; what is left out is not theirs to know."""

    id: str
    restricted: bool = False
    """The record is open to the workers named on it alone; where you are not, this is all."""
    given_names: str | None = None
    family_name: str | None = None
    nhs_number: str | None = None
    birth_date: date | None = None
    age: int | None = None
    deceased: bool | None = None
    contact: Contact | None = None
    postcode_district: str | None = None
    language: str | None = None
    interpreter_needed: bool | None = None
    communication_needs: tuple[str, ...] | None = None
    accessibility_needs: tuple[str, ...] | None = None
    representative: Representative | None = None
    moved: Move | None = None
    named_workers: tuple[str, ...] | None = None

    @classmethod
    def of(cls, person: Person, how: Sight, at: datetime) -> PersonView:
        """All of it, what serving takes, or only what deciding takes; the age is that ``at``."""
        restricted = person.restriction is not None
        if how is Sight.RESTRICTED:
            return cls(id=person.id, restricted=True)
        seen = person.contact if how is Sight.ALL else person.contact.for_providers()
        view: dict[str, Any] = {
            "id": person.id,
            "restricted": restricted,
            "age": age_on(person.birth_date, day_of(at)),
            "deceased": person.deceased is not None,
            "postcode_district": postcode_district(seen.postal_code),
            "language": person.language,
            "interpreter_needed": person.interpreter_needed,
            "communication_needs": person.communication_needs,
            "accessibility_needs": person.accessibility_needs,
        }
        if how in {Sight.ALL, Sight.SERVING}:
            view |= {
                "given_names": person.given_names,
                "family_name": person.family_name,
                "contact": seen,
                "representative": person.representative,
            }
        if how is Sight.ALL:
            view |= {
                "nhs_number": person.nhs_number,
                "birth_date": person.birth_date,
                "moved": person.moved,
                "named_workers": person.restriction.named_workers if person.restriction else None,
            }
        return cls(**view)


class PersonReceipt(BaseModel):
    """The answer to a command about a person; ``id`` is the survivor's where two were merged."""

    id: str
    version: int

    @classmethod
    def of(cls, saved: Saved[Person]) -> PersonReceipt:
        """What the command led to when it was first applied."""
        return cls(id=saved.id, version=saved.version)


class RevocationReceipt(PersonReceipt):
    """A death was recorded in error; what it ended stays ended."""

    note: str = (
        "Messages may be sent again. Referrals and cases that the death ended are not reopened: "
        "they are marked for someone to look at, and refer again where that is wanted."
    )


class ConsentReceipt(PersonReceipt):
    """The answer to a decision about sharing, and the decision's own id."""

    consent_id: str


class MergeReceipt(PersonReceipt):
    """Which record is now an alias of this one, and what becomes of referrals in conflict."""

    retired_id: str
    withdrawn_referral_ids: tuple[str, ...] = ()


class UnmergeReceipt(PersonReceipt):
    """Which record stands for itself again, and the cases that went back to it."""

    retired_id: str
    case_ids: tuple[str, ...]
    note: str = "Referrals that were withdrawn as duplicates stay withdrawn: refer again."


class Duplicate(BaseModel):
    """A record that may be the same person as others you know.

    ``others`` counts those that your organisation does not know.
    """

    person_id: str
    candidates: tuple[str, ...]
    others: int
    matched_on: Literal["names_birth_date_postcode"] = "names_birth_date_postcode"


class WayView(BaseModel):
    """One safe way to write to the person, between these hours ("HH:MM") or at any."""

    channel: MessageWay
    address: str
    safe_from: str | None = None
    safe_to: str | None = None


class HoursView(BaseModel):
    """When the person may be contacted at all; days are ISO weekdays, 1 is Monday."""

    model_config = ConfigDict(populate_by_name=True)

    days: tuple[int, ...]
    opens: str = Field(alias="from")
    closes: str = Field(alias="to")


class Reachability(BaseModel):
    """Whether, how and when to write to the person. Where ``suppressed``, there is no way."""

    asked_id: str
    """As it was asked for: the id of any of the person's records."""
    person_id: str
    suppressed: Suppression | None
    channels: list[WayView]
    neutral_sender: bool
    language: str | None
    safe_hours: list[HoursView]
    given_names: str | None


class ConsentView(BaseModel):
    """One decision about sharing."""

    id: str
    decision: Literal["granted", "withdrawn"]
    recipient_organisation_ids: tuple[str, ...]
    scope: tuple[ConsentScope, ...]
    """What may be shared; empty means everything."""
    method: Literal["verbal", "written", "representative"]
    note: str | None
    recorded_at: datetime
    recorded_by: str
    organisation: str


class ConsentRecord(BaseModel):
    """Every decision the person made about sharing, oldest first."""

    items: list[ConsentView]
