"""One line of the audit: its words, its text, and what it is found by.

A line holds opaque ids, roles, codes and digests, never a name or anything else about a
person. ``reason`` is the words of whoever acts, where an act must give one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic_core import to_json

from shared.cause import Actor

DEFAULT_PURPOSE = "CAREMGT"
"""Direct care is what Linkway is for; whoever reads for something else says so."""

PURPOSES: Mapping[str, str] = {
    "CAREMGT": "care management: the person's own care, the default",
    "TREAT": "treatment",
    "COC": "coordination of care between organisations",
    "ETREAT": "emergency treatment",
    "BTG": "break the glass: access that a rule would refuse, with a reason",
    "PATRQT": "at the person's request",
    "FAMRQT": "at their family's request",
    "PATADMIN": "administration of the person's record",
    "RECORDMGT": "keeping records: corrections, merges, erasure",
    "PATSFTY": "patient safety",
    "HOPERAT": "running the service",
    "HQUALIMP": "quality improvement",
    "HCOMPL": "complaints, compliance and inspection",
    "HSYSADMIN": "administration of the system",
    "HRESCH": "research",
    "PUBHLTH": "public health",
    "THREAT": "a threat to somebody's safety",
}
"""Codes of HL7's value set PurposeOfUse (v3-ActReason) that fit this work, and what they say."""

_MOST_RECORDS = 200
"""Records in one line; a longer list is cut into several."""


class Who(NamedTuple):
    """Who does something, at whose request, and what for."""

    tenant: str
    subject: str
    role: str
    organisation: str
    purpose: str
    request_id: str
    """The id of the HTTP request, or of the event that caused it."""

    @classmethod
    def of(cls, actor: Actor, request_id: str, purpose: str = DEFAULT_PURPOSE) -> Who:
        """This actor, in this request."""
        return cls(actor.tenant, actor.subject, actor.role, actor.organisation, purpose, request_id)


class Touched(NamedTuple):
    """A record that was read or written, and the persons, cases or referrals it is about."""

    kind: str
    id: str
    about: tuple[str, ...] = ()


class Entry(NamedTuple):
    """A line that is to be written: its text, and what it is found by."""

    text: str
    keys: frozenset[str]


class AuditedRecord(BaseModel):
    """A record that a line names."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    about: tuple[str, ...] = ()


class AuditLine(BaseModel):
    """A line as it is read back. ``number`` counts the lines of one service from 1."""

    model_config = ConfigDict(frozen=True)

    number: int
    at: AwareDatetime
    action: str
    outcome: str | None = None
    """`allowed`, `refused` or `failed` for what a request read; no word for a change, which
    is written down before it is made."""
    tenant: str
    subject: str
    role: str
    organisation: str
    purpose: str
    request_id: str
    route: str | None = None
    records: tuple[AuditedRecord, ...] = ()
    version: int | None = None
    """The version of the record that a change leads to."""
    before: str | None = None
    after: str | None = None
    """SHA-256 of the record as stored, before and after a change."""
    voids: int | None = None
    """The number of the line whose change was not made after all."""
    reason: str | None = None
    detail: Mapping[str, Any] | None = None


def entries(
    who: Who,
    action: str,
    at: datetime,
    records: Sequence[Touched],
    **more: Any,
) -> list[Entry]:
    """The lines that say this: one, or several where the list of records is very long.

    ``more`` are further fields of ``AuditLine``; those that are None are left out.
    """
    if len(records) <= _MOST_RECORDS:
        return [_entry(who, action, at, records, more)]
    parts = [records[n : n + _MOST_RECORDS] for n in range(0, len(records), _MOST_RECORDS)]
    return [_entry(who, action, at, part, more) for part in parts]


def voiding(number: int, told: Entry, at: datetime) -> Entry:
    """The line that says that the change told in line ``number`` was not made after all."""
    line = {**json.loads(told.text), "at": at, "action": "not-made", "voids": number}
    for name in ("before", "after", "version"):
        line.pop(name, None)
    return Entry(to_json(line).decode(), told.keys)


def _entry(
    who: Who, action: str, at: datetime, records: Sequence[Touched], more: Mapping[str, Any]
) -> Entry:
    line: dict[str, Any] = {
        "at": at,
        "action": action,
        "tenant": who.tenant,
        "subject": who.subject,
        "role": who.role,
        "organisation": who.organisation,
        "purpose": who.purpose,
        "request_id": who.request_id,
        "records": [{"kind": each.kind, "id": each.id, "about": each.about} for each in records],
    }
    line |= {name: value for name, value in more.items() if value is not None}
    text = to_json(line).decode()
    return Entry(text, _keys(who.tenant, who.subject, records))


def _keys(tenant: str, subject: str, records: Sequence[Touched | AuditedRecord]) -> frozenset[str]:
    ids = {each.id for each in records}.union(*(each.about for each in records))
    return frozenset({user_key(tenant, subject), *(about_key(tenant, each) for each in ids)})


def read_line(number: int, text: str) -> AuditLine:
    """A line from its text. Raises pydantic's ValidationError for what is none."""
    return AuditLine.model_validate({"number": number, **json.loads(text)})


def keys_of(text: str) -> frozenset[str]:
    """What a line is to be found by, worked out anew from its text."""
    line = read_line(0, text)
    return _keys(line.tenant, line.subject, line.records)


def user_key(tenant: str, subject: str) -> str:
    """What the lines of one user are found by."""
    return f"by {tenant} {subject}"


def about_key(tenant: str, id_: str) -> str:
    """What the lines about one person, case or record are found by."""
    return f"on {tenant} {id_}"


def first_link(service: str) -> str:
    """What the first line of a service is chained to: no service's lines fit another's."""
    return hashlib.sha256(f"linkway audit {service}".encode()).hexdigest()


def link(before: str, number: int, text: str) -> str:
    """The hash of a line: SHA-256 over the hash of the line before, its number and its text."""
    return hashlib.sha256(f"{before}\n{number}\n{text}".encode()).hexdigest()


def digest(state: Any) -> str:
    """SHA-256 of a record's state as it is stored, whatever the order of its fields.

    What is sealed is stored sealed, so the digest of it tells nothing.
    """
    return hashlib.sha256(canonical(state).encode()).hexdigest()


def canonical(state: Any) -> str:
    """A state as JSON that is the same for the same state."""
    return json.dumps(state, sort_keys=True, separators=(",", ":"), default=str)
