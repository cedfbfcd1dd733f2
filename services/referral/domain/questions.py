"""The provider asks before deciding, and those who referred answer; no words leave the record."""

from __future__ import annotations

from services.referral.domain.lifecycle import Command
from services.referral.domain.record import Question, QuestionCode
from services.referral.domain.referral import (
    Changed,
    Referral,
    fact,
    moved,
)
from shared.cause import Cause
from shared.events import ReferralInfoProvided, ReferralInfoRequested


def ask(referral: Referral, cause: Cause, *, question_code: QuestionCode, text: str) -> Changed:
    """Ask the asking side something; until it answers, it is they who are waited for."""
    question = Question(code=question_code, text=text, asked_at=cause.at)
    asked = moved(referral, Command.ASK, questions=(*referral.questions, question))
    return asked, [fact(ReferralInfoRequested, asked, cause, question_code=question_code)]


def answer(referral: Referral, cause: Cause, *, text: str) -> Changed:
    """Answer the latest question; the referral is with the provider again."""
    *earlier, latest = referral.questions or (None,)
    answered = moved(referral, Command.ANSWER)
    if latest is not None:
        known = latest.model_copy(update={"answer": text, "answered_at": cause.at})
        answered = answered.with_(questions=(*earlier, known))
    return answered, [fact(ReferralInfoProvided, answered, cause)]
