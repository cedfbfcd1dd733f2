"""Links by which a provider without an account answers, and what is done by them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from services.referral.domain import appointments, questions
from services.referral.domain import referral as referrals
from services.referral.domain.answers import PURPOSE, check_answerable, holder
from services.referral.domain.record import DeclineCode, QuestionCode
from services.referral.domain.referral import Referral
from services.referral.handlers.changing import Command, change
from services.referral.handlers.looking import Seen, look_at
from services.referral.store import Stores
from shared.audit import acting
from shared.cause import Cause
from shared.errors import FieldError, Invalid, NotFound
from shared.ids import derived_id
from shared.links import Links, Read
from shared.store import Saved

CodeT = TypeVar("CodeT")

_DECLINES: TypeAdapter[DeclineCode] = TypeAdapter(DeclineCode)
_QUESTIONS: TypeAdapter[QuestionCode] = TypeAdapter(QuestionCode)
_LONGEST_WORDS = 2000
_COMMANDS = "POST /referrals/{referral_id}"
_STEP = f"{_COMMANDS}/appointments/{{appointment_id}}/{{step}}"
_OPERATIONS = {
    "accept": f"{_COMMANDS}/accept",
    "decline": f"{_COMMANDS}/decline",
    "ask": f"{_COMMANDS}/ask",
    "attend": _STEP,
    "miss": _STEP,
}
"""The row of the policy that each answer goes by."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """An address at which the provider answers, and until when it serves."""

    url: str
    expires_at: datetime


async def make_link(
    stores: Stores, links: Links, referral_id: str, cause: Cause, *, holds: timedelta
) -> AnswerLink:
    """A link to answer this referral. Raises NotFound, or Conflict where none is expected."""
    referral = (await stores.referrals.get(referral_id, cause.actor.tenant)).state
    check_answerable(referral)
    expires_at = cause.at.replace(microsecond=0) + holds
    token = links.issue(PURPOSE, referral.id, expires_at, referral.tenant)
    return AnswerLink(links.url("answers", token), expires_at)


async def look_by_link(stores: Stores, read: Read, now: datetime) -> Seen:
    """The referral as the provider may see it, whoever holds the link. Raises NotFound."""
    referral = (await stores.referrals.get(read.subject, read.tenant)).state
    acting(holder(referral))
    return await look_at(stores, read.subject, holder(referral), now)


async def answer_by_link(
    stores: Stores, read: Read, form: Mapping[str, str], now: datetime
) -> Saved[Referral]:
    """Do what the form says, as the provider. The same form sent again changes nothing.

    Raises Invalid naming the field, NotFound, and Conflict where the referral does not allow
    it any more.
    """
    referral = (await stores.referrals.get(read.subject, read.tenant)).state
    acting(holder(referral))
    said = "\x1f".join(f"{name}={value}" for name, value in sorted(form.items()))
    digest = hashlib.sha256(said.encode()).hexdigest()
    cause = Cause(
        id=derived_id("answer", read.token_id, digest),
        actor=replace(holder(referral), operation=_OPERATIONS.get(form.get("action", ""), "")),
        at=now,
        digest=digest,
        repeatable=True,
    )
    return await change(stores, referral.id, _command(form), cause)


def _command(form: Mapping[str, str]) -> Command:
    match form.get("action"):
        case "accept":
            return partial(referrals.accept, assigned_to=None)
        case "decline":
            return partial(referrals.decline, reason_code=_code(form, "reason_code", _DECLINES))
        case "ask":
            code = _code(form, "question_code", _QUESTIONS)
            return partial(questions.ask, question_code=code, text=_words(form))
        case "attend":
            return partial(appointments.attend, appointment_id=form.get("appointment_id", ""))
        case "miss":
            return partial(appointments.miss, appointment_id=form.get("appointment_id", ""))
    raise _wrong("action", "Choose what you want to do.")


def _code(form: Mapping[str, str], name: str, codes: TypeAdapter[CodeT]) -> CodeT:
    try:
        return codes.validate_python(form.get(name))
    except ValidationError:
        raise _wrong(name, "Choose one of the reasons.") from None


def _words(form: Mapping[str, str]) -> str:
    text = form.get("text", "").strip()
    if not text or len(text) > _LONGEST_WORDS:
        raise _wrong("text", "Write your question, in at most 2,000 characters.")
    return text


def _wrong(name: str, reason: str) -> Invalid:
    return Invalid(reason, errors=(FieldError(f"/{name}", reason),))


def read_expired(links: Links, token: str) -> Read | None:
    """What a link was for that has expired; None for one that was never good."""
    try:
        return links.read(token, PURPOSE, _LONG_AGO)
    except NotFound:
        return None
