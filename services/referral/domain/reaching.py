"""How, when and whether the person may be written to, for whoever sends messages."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, NamedTuple

from services.referral.domain.consent import withdrawn_at
from services.referral.domain.contact import Contact, ContactWay, WaySafety
from services.referral.domain.person import Person

Suppression = Literal["deceased", "do_not_contact", "restricted", "no_consent", "processing_held"]
MessageWay = Literal["sms", "email", "letter"]

_UNASKED: tuple[MessageWay, ...] = ("sms", "email", "letter")
_MOBILE = re.compile(r"(?:\+44|0044|0)7[0-9]{9}")
"""Only a mobile number takes a text message (Ofcom's numbering plan: 07)."""


class Reachable(NamedTuple):
    """One way to write to the person; safe between these times ("HH:MM"), or at any."""

    channel: MessageWay
    address: str
    safe_from: str | None
    safe_to: str | None


def suppression(person: Person, agreed_at: datetime | None) -> Suppression | None:
    """Why nothing at all is to be sent; None where something may.

    ``agreed_at`` is when the person last agreed to an open referral of theirs: that is
    newer than a consent withdrawn before.
    """
    if person.deceased is not None:
        return "deceased"
    if person.held is not None:
        return "processing_held"
    if person.contact.do_not_contact:
        return "do_not_contact"
    if person.restriction is not None:
        return "restricted"
    since = withdrawn_at(person, None)
    if since is not None and (agreed_at is None or agreed_at <= since):
        return "no_consent"
    return None


def ways(contact: Contact) -> tuple[Reachable, ...]:
    """Every safe way to write to the person, in the order they ask for."""
    asked = contact.preferences or _UNASKED
    found = []
    for way in asked:
        address = _address(contact, way)
        safety = contact.safety.get(way, WaySafety())
        if way != "telephone" and address and safety.safe:
            found.append(Reachable(way, address, safety.safe_from, safety.safe_to))
    return tuple(found)


def _address(contact: Contact, way: ContactWay) -> str | None:
    if way == "email":
        return contact.email
    if way == "letter":
        parts = [part for part in (contact.address, contact.postal_code) if part]
        return ", ".join(parts) if contact.address else None
    number = re.sub(r"[ ()-]", "", contact.telephone or "")
    return number if _MOBILE.fullmatch(number) else None
