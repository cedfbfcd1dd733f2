"""What is asked about persons: who they are, how to reach them, what happened to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.referral.api.fields import (
    ANY_ID,
    Address,
    ClockTime,
    Email,
    Id,
    Inbound,
    Language,
    Name,
    NeedCode,
    NhsNumber,
    PastDate,
    Postcode,
    Scope,
    Telephone,
    Words,
    example,
)
from services.referral.domain.contact import (
    Authority,
    Contact,
    ContactWay,
    Relationship,
    Representative,
    SafeHours,
    WaySafety,
)
from services.referral.domain.person import Person, Statistics
from shared.events import AdministrativeGender, EthnicGroup

_CODES = Field(max_length=20)


class NewWaySafety(Inbound):
    """Whether one way of reaching the person is safe, and between which hours."""

    safe: bool = True
    safe_from: ClockTime | None = None
    safe_to: ClockTime | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.safe_from is None) is not (self.safe_to is None):
            raise ValueError("safe_from and safe_to are given together or not at all")
        return self


class NewSafeHours(Inbound):
    """When the person may be contacted at all; days are ISO weekdays, 1 is Monday."""

    days: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1)]
    opens: Annotated[ClockTime, Field(alias="from")]
    closes: Annotated[ClockTime, Field(alias="to")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("from must be before to")
        return self


class NewContact(Inbound):
    """How to reach the person, in the order they ask for, and what would put them at risk."""

    email: Email | None = None
    telephone: Telephone | None = None
    address: Address | None = None
    postal_code: Postcode | None = None
    preferences: Annotated[tuple[ContactWay, ...], Field(max_length=4)] = ()
    """Ways in order; one that is left out is not used. Empty: no wish was stated."""
    safety: dict[ContactWay, NewWaySafety] = Field(default_factory=dict)
    safe_hours: Annotated[tuple[NewSafeHours, ...], Field(max_length=14)] = ()
    do_not_contact: bool = False
    neutral_sender: bool = False
    """No message shows what it is about, or who sends it."""
    address_hidden: bool = False
    """Providers do not see where the person lives."""

    def stated(self) -> dict[str, Any]:
        """The parts that were sent, as the record keeps them."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "safety" in parts:
            parts["safety"] = {way: WaySafety(**dict(said)) for way, said in self.safety.items()}
        if "safe_hours" in parts:
            parts["safe_hours"] = tuple(SafeHours(**dict(each)) for each in self.safe_hours)
        return parts


class NewRepresentative(Inbound):
    """Someone who speaks for the person, and by what right."""

    name: Name
    relationship: Relationship
    authority: Authority = "none"
    telephone: Telephone | None = None
    email: Email | None = None


class _Described(Inbound):
    """What may be said of a person, whether they are new or known."""

    nhs_number: NhsNumber | None = None
    contact: NewContact = NewContact()
    language: Language | None = None
    """BCP 47; British Sign Language is `bfi`."""
    interpreter_needed: bool = False
    communication_needs: Annotated[tuple[NeedCode, ...], _CODES] = ()
    """Codes such as `large_print`, `easy_read`, `hearing_loop`."""
    accessibility_needs: Annotated[tuple[NeedCode, ...], _CODES] = ()
    """Codes such as `step_free`, `accessible_toilet`."""
    representative: NewRepresentative | None = None
    administrative_gender: AdministrativeGender = "unknown"
    ethnic_group: EthnicGroup = "not_stated"
    deprivation_decile: Annotated[int, Field(ge=1, le=10)] | None = None

    def stated(self, known: Person | None) -> dict[str, Any]:
        """The fields that were sent, as the record keeps them; the rest stay as known."""
        sent = self.model_fields_set
        fields: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "nhs_number",
                "given_names",
                "family_name",
                "birth_date",
                "language",
                "interpreter_needed",
                "communication_needs",
                "accessibility_needs",
            )
            if name in sent
        }
        if "representative" in sent:
            spoken = self.representative
            fields["representative"] = None if spoken is None else Representative(**dict(spoken))
        if "contact" in sent:
            contact = known.contact if known else Contact()
            fields["contact"] = Contact.model_validate({**dict(contact), **self.contact.stated()})
        groups = {name: getattr(self, name) for name in sent & Statistics.model_fields.keys()}
        if groups:
            statistics = known.statistics if known else Statistics()
            fields["statistics"] = statistics.model_copy(update=groups)
        return fields


class NewPerson(_Described):
    """A person described anew; matched by NHS number if known already."""

    given_names: Name
    family_name: Name
    birth_date: PastDate

    def as_person(self, person_id: str, tenant: str) -> Person:
        """The person under this id."""
        return Person(id=person_id, tenant=tenant, **self.stated(None))


class PersonChange(_Described):
    """What is different now: fields left out stay as they are, within `contact` too."""

    model_config = example(
        contact={
            "telephone": "07700 900456",
            "preferences": ["sms", "letter"],
            "safety": {"sms": {"safe": True, "safe_from": "10:00", "safe_to": "14:00"}},
            "neutral_sender": True,
        },
        language="bfi",
        interpreter_needed=True,
    )

    given_names: Name | None = None
    family_name: Name | None = None
    birth_date: PastDate | None = None

    @model_validator(mode="after")
    def _names_stay(self) -> Self:
        for name in self.model_fields_set & {"given_names", "family_name", "birth_date"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be taken away, only corrected")
        return self


class Death(Inbound):
    """That the person has died; the day may be unknown."""

    model_config = example(died_on="2026-03-01")

    died_on: PastDate | None = None


class Removal(Inbound):
    """Where and when the person moved."""

    model_config = example(
        effective_on="2026-03-01", out_of_area=True, address="1 Sample Road", postal_code="ZZ9 9ZZ"
    )

    effective_on: PastDate
    out_of_area: bool
    address: Address | None = None
    postal_code: Postcode | None = None


class Restricting(Inbound):
    """Whether the record is restricted, and which workers see it; you always do."""

    model_config = example(
        restricted=True, named_workers=["worker-1"], reason_code="known_to_staff"
    )

    restricted: bool
    named_workers: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    reason_code: Literal["known_to_staff", "risk_of_harm", "public_figure", "person_asked"] = (
        "person_asked"
    )


class ConsentDecision(Inbound):
    """What the person decided about sharing, how they said it, and for whom."""

    model_config = example(method="verbal", recipient_organisation_ids=[])

    method: Literal["verbal", "written", "representative"]
    recipient_organisation_ids: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    """Organisations; empty means all."""
    note: Words | None = None


class ConsentGrant(ConsentDecision):
    """That the person agrees to sharing: of what, with whom, and how they said it."""

    model_config = example(
        method="verbal",
        recipient_organisation_ids=[],
        scope=["referral_details", "contact_details"],
    )

    scope: Scope = ()
    """What may be shared; empty means everything. What a provider sees of a referral is limited
    by the consent recorded with that referral."""


class Merging(Inbound):
    """Which record is a duplicate of this one, and why that is known."""

    model_config = example(
        retired_id=ANY_ID,
        reason="Same person: confirmed by telephone.",
        withdraw_referral_ids=[],
    )

    retired_id: Id
    reason: Words
    withdraw_referral_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """Where both have an open referral to one service: which of the two is withdrawn."""


class Unmerging(Inbound):
    """Which record is someone else after all, and why that is known."""

    model_config = example(retired_id=ANY_ID, reason="Twins at one address.")

    retired_id: Id
    reason: Words


class Distinction(Inbound):
    """Which record looks alike and is someone else."""

    model_config = example(other_id=ANY_ID)

    other_id: Id


__all__ = [
    "ConsentDecision",
    "ConsentGrant",
    "Death",
    "Distinction",
    "Merging",
    "NewContact",
    "NewPerson",
    "PersonChange",
    "Removal",
    "Restricting",
    "Unmerging",
]
