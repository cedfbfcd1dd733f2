"""How a person may be reached, and how they must not be."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ContactWay = Literal["sms", "email", "letter", "telephone"]


class WaySafety(BaseModel):
    """Whether one way of reaching the person is safe, and between which hours ("HH:MM")."""

    model_config = ConfigDict(frozen=True)

    safe: bool = True
    safe_from: str | None = None
    safe_to: str | None = None


class SafeHours(BaseModel):
    """When the person may be contacted at all: ISO weekdays, 1 is Monday, and times "HH:MM"."""

    model_config = ConfigDict(frozen=True)

    days: tuple[int, ...]
    opens: str
    closes: str


class Contact(BaseModel):
    """How to reach the person; each part is optional.

    ``preferences`` is the order they ask for; a way left out of it is then not used.
    ``neutral_sender`` asks that no message shows what it is about or who sends it, and an
    ``address_hidden`` is not shown to providers: both protect those at risk at home.
    """

    model_config = ConfigDict(frozen=True)

    email: str | None = None
    telephone: str | None = None
    address: str | None = None
    postal_code: str | None = None
    preferences: tuple[ContactWay, ...] = ()
    safety: dict[ContactWay, WaySafety] = {}
    safe_hours: tuple[SafeHours, ...] = ()
    do_not_contact: bool = False
    neutral_sender: bool = False
    address_hidden: bool = False

    def for_providers(self) -> Contact:
        """As a provider may see it: a hidden address is not there."""
        if not self.address_hidden:
            return self
        return self.model_copy(update={"address": None, "postal_code": None})


Relationship = Literal[
    "parent", "guardian", "spouse_or_partner", "child", "family", "friend", "carer", "advocate"
]
Authority = Literal[
    "parental_responsibility",
    "court_order",
    "lasting_power_of_attorney",
    "court_deputy",
    "agreed_by_person",
    "none",
]
"""By what right someone speaks for the person in England and Wales (Children Act 1989,
Mental Capacity Act 2005), or that the person asked them to, or by none."""

FOR_A_CHILD: frozenset[Authority] = frozenset({"parental_responsibility", "court_order"})
"""The authorities that let someone agree on behalf of a child."""


class Representative(BaseModel):
    """Someone who speaks for the person."""

    model_config = ConfigDict(frozen=True)

    name: str
    relationship: Relationship
    authority: Authority = "none"
    telephone: str | None = None
    email: str | None = None
