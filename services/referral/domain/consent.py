"""Consent to share: given and withdrawn, for one recipient or for all, and never forgotten.

Sharing of a referral rests on the consent recorded with it, until a later withdrawal that
covers its recipient. Consent to share is a matter of confidentiality, not the lawful basis
for keeping the record, which stays.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from services.referral.domain.person import (
    ChangedPerson,
    ConsentEntry,
    Person,
    person_fact,
)
from services.referral.domain.record import ConsentScope
from services.referral.domain.standing import check_not_held, check_open_to
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import ConsentGranted, ConsentWithdrawn

Method = Literal["verbal", "written", "representative"]


def grant(
    person: Person,
    cause: Cause,
    *,
    entry_id: str,
    recipients: tuple[str, ...],
    method: Method,
    note: str | None,
    scope: tuple[ConsentScope, ...] = (),
) -> ChangedPerson:
    """The person agrees to sharing with these recipients, or with all: of this, or of everything.

    It is recorded, and ends an earlier withdrawal. What a provider sees of a referral is
    limited by the consent recorded with that referral.
    """
    check_not_held(person)
    entry = _entry(cause, "granted", entry_id, recipients, method=method, note=note)
    entry = entry.model_copy(update={"scope": scope})
    agreed = _with(person, entry, cause)
    fact = person_fact(ConsentGranted, agreed, cause, recipient_organisation_ids=entry.recipients)
    return agreed, [fact]


def withdraw(
    person: Person,
    cause: Cause,
    *,
    entry_id: str,
    recipients: tuple[str, ...],
    method: Method,
    note: str | None,
) -> ChangedPerson:
    """The person no longer agrees to sharing with these recipients, or with any."""
    entry = _entry(cause, "withdrawn", entry_id, recipients, method=method, note=note)
    refused = _with(person, entry, cause)
    fact = person_fact(
        ConsentWithdrawn, refused, cause, recipient_organisation_ids=entry.recipients
    )
    return refused, [fact]


def withdrawn_at(person: Person, organisation: str | None) -> datetime | None:
    """Since when nothing may be shared with this organisation; None where it may.

    ``organisation=None`` asks about sharing with anyone at all.
    """
    since: datetime | None = None
    for entry in person.consents:
        if entry.recipients and organisation not in entry.recipients:
            continue
        since = entry.recorded_at if entry.decision == "withdrawn" else None
    return since


def is_barred(person: Person, organisation: str, agreed_at: datetime) -> bool:
    """Whether what was agreed then may no longer be shared with this organisation."""
    since = withdrawn_at(person, organisation)
    return since is not None and agreed_at <= since


def _with(person: Person, entry: ConsentEntry, cause: Cause) -> Person:
    check_open_to(person, cause.actor)
    if len(person.consents) >= _MOST:
        raise Conflict("The consent record is full.", {"limit": _MOST})
    return person.with_(consents=(*person.consents, entry))


_MOST = 500
"""Decisions a record keeps; more are a mistake somewhere, not a person's wishes."""


def _entry(
    cause: Cause,
    decision: Literal["granted", "withdrawn"],
    entry_id: str,
    recipients: tuple[str, ...],
    *,
    method: Method,
    note: str | None,
) -> ConsentEntry:
    return ConsentEntry(
        id=entry_id,
        decision=decision,
        recipients=recipients,
        method=method,
        note=note,
        recorded_at=cause.at,
        recorded_by=cause.actor.subject,
        organisation=cause.actor.organisation,
    )


class Decide(Protocol):
    """A decision about sharing: ``grant`` or ``withdraw``."""

    def __call__(
        self,
        person: Person,
        cause: Cause,
        *,
        entry_id: str,
        recipients: tuple[str, ...],
        method: Method,
        note: str | None,
    ) -> ChangedPerson:
        """The person after it, and the fact of it."""
