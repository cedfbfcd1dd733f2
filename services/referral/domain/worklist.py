"""What someone has to do about a referral, and from when: a worklist in order, nobody lost.

Each task belongs to one side: the provider, which serves the person, or whoever referred.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Literal, NamedTuple

from services.referral.domain.calendar import LONDON, after_working_days
from services.referral.domain.clocks import MEETING, UNANSWERED
from services.referral.domain.lifecycle import Status
from services.referral.domain.record import Clocks
from services.referral.domain.referral import Changed, Referral
from services.referral.domain.rules import Rules
from shared.cause import Cause
from shared.errors import Conflict


class Todo(IntEnum):
    """What is to be done; the lower comes first."""

    REVIEW_ACCESS = 0
    ANSWER_OVERDUE = 1
    CHOOSE_ANOTHER_SERVICE = 2
    ANSWER_QUESTION = 3
    CONFIRM_CLOSING = 4
    RECORD_ATTENDANCE = 5
    MEET_TODAY = 6
    ANSWER = 7
    ARRANGE_FIRST_CONTACT = 8
    CHASE_PROVIDER = 9
    REVIEW_WAITING = 10
    FOLLOW_UP_SIGNPOST = 11
    LOOK_AGAIN = 12
    KEEP_IN_TOUCH = 13
    OFFER_ANOTHER_SERVICE = 14

    @property
    def code(self) -> str:
        """Its code on the wire."""
        return self.name.lower()


WORDS = {
    Todo.REVIEW_ACCESS: "Someone broke the glass on this person's record: look at who and why",
    Todo.ANSWER_OVERDUE: "Answer this referral: it has waited too long",
    Todo.CHOOSE_ANOTHER_SERVICE: "Choose another service: this one leads nowhere",
    Todo.ANSWER_QUESTION: "Answer the provider's question",
    Todo.CONFIRM_CLOSING: "Confirm the closing that is proposed, or go on",
    Todo.RECORD_ATTENDANCE: "Say whether the person came",
    Todo.MEET_TODAY: "An appointment today",
    Todo.ANSWER: "Answer this referral",
    Todo.ARRANGE_FIRST_CONTACT: "Arrange the first contact",
    Todo.CHASE_PROVIDER: "The provider has not answered: get in touch with them",
    Todo.REVIEW_WAITING: "Review the place on the waiting list",
    Todo.FOLLOW_UP_SIGNPOST: "Ask whether the information helped",
    Todo.LOOK_AGAIN: "Look at this again: something about the person was put right",
    Todo.KEEP_IN_TOUCH: "Get in touch: no contact for a while",
    Todo.OFFER_ANOTHER_SERVICE: "On a waiting list for long: would another service suit?",
}
"""What a person reads."""

RESTRICTED = "Something is to be done; only workers named on the record see what"
"""What a person reads where the record is restricted to others."""

Side = Literal["provider", "referrer"]


class Task(NamedTuple):
    """One thing to do: what, whose, and from when."""

    todo: Todo
    side: Side
    since: datetime


def tasks(referral: Referral, rules: Rules) -> Iterator[Task]:
    """All that is to be done about a referral, now or later."""
    since = referral.clocks.since
    if since is None:
        return
    yield from _of_referrer(referral, since, rules)
    if referral.attention is not None:
        yield Task(Todo.LOOK_AGAIN, "provider", since)
    if referral.status in UNANSWERED:
        overdue = after_working_days(since, rules.escalation_working_days, rules.closed_days)
        if referral.status is Status.SUBMITTED:
            yield Task(Todo.ANSWER, "provider", since)
            yield Task(Todo.ANSWER_OVERDUE, "provider", overdue)
    if referral.status is Status.WAITLISTED and referral.clocks.reviewed < referral.clocks.reviews:
        yield Task(Todo.REVIEW_WAITING, "provider", _review_due(referral, since, rules))
    if referral.status in MEETING:
        yield from _of_meeting(referral, since, rules)


def due(referral: Referral, side: Side, now: datetime, rules: Rules) -> Task | None:
    """The first thing this side has to do by ``now``; None where there is nothing."""
    mine = (task for task in tasks(referral, rules) if task.side == side and task.since <= now)
    return min(mine, default=None, key=lambda task: (task.todo, task.since))


def mark(referral: Referral, rules: Rules) -> Referral:
    """The referral with the times from which each side has something to do."""
    first: dict[Side, datetime] = {}
    for task in tasks(referral, rules):
        first[task.side] = min(first.get(task.side, task.since), task.since)
    clocks = referral.clocks.model_copy(
        update={
            "provider_todo_at": first.get("provider"),
            "referrer_todo_at": first.get("referrer"),
        }
    )
    return referral if clocks == referral.clocks else _with(referral, clocks)


def review_waiting(referral: Referral, cause: Cause) -> Changed:
    """The place on the waiting list stands: for the provider, or for who asked whether to go on."""
    if referral.status is not Status.WAITLISTED:
        raise Conflict(
            "Only a referral on the waiting list is reviewed.",
            {"current_status": referral.status.value, "allowed": [Status.WAITLISTED.value]},
        )
    own, reviews = cause.actor.organisation, referral.clocks.reviews
    done: dict[str, int] = {}
    if own == referral.provider_organisation_id:
        done["reviewed"] = reviews
    if own in {referral.referrer_organisation_id, referral.team_organisation_id}:
        done["offered"] = reviews
    return _with(referral, referral.clocks.model_copy(update=done)), []


def _of_referrer(referral: Referral, since: datetime, rules: Rules) -> Iterator[Task]:
    if referral.reroute_needed is not None:
        yield Task(Todo.CHOOSE_ANOTHER_SERVICE, "referrer", since)
    if referral.status is Status.INFO_REQUESTED:
        yield Task(Todo.ANSWER_QUESTION, "referrer", since)
    if referral.status is Status.SUBMITTED:
        escalated = after_working_days(since, rules.escalation_working_days, rules.closed_days)
        yield Task(Todo.CHASE_PROVIDER, "referrer", escalated)
    unasked = referral.clocks.offered < referral.clocks.reviews
    if referral.status is Status.WAITLISTED and referral.kind == "onward" and unasked:
        due_at = _review_due(referral, since, rules)
        yield Task(Todo.OFFER_ANOTHER_SERVICE, "referrer", due_at)
    if referral.status is Status.GIVEN:
        later = since + timedelta(days=rules.signpost_follow_up_days)
        yield Task(Todo.FOLLOW_UP_SIGNPOST, "referrer", later)


def _review_due(referral: Referral, since: datetime, rules: Rules) -> datetime:
    return since + timedelta(days=rules.waiting_review_days * referral.clocks.reviews)


def _of_meeting(referral: Referral, since: datetime, rules: Rules) -> Iterator[Task]:
    booked = [each.start for each in referral.appointments if each.status == "booked"]
    if referral.closure_proposed is not None:
        yield Task(Todo.CONFIRM_CLOSING, "provider", since)
    for start in booked:
        yield Task(Todo.MEET_TODAY, "provider", _morning_of(start))
        yield Task(Todo.RECORD_ATTENDANCE, "provider", start)
    if booked:
        return
    if referral.status is Status.ACCEPTED:
        yield Task(Todo.ARRANGE_FIRST_CONTACT, "provider", since)
        return
    came = [each.start for each in referral.appointments if each.status == "fulfilled"]
    reached = [each.at for each in referral.contacts if each.outcome_code == "reached"]
    last = max((since, *came, *reached))
    yield Task(Todo.KEEP_IN_TOUCH, "provider", last + timedelta(days=rules.keep_in_touch_days))


def _morning_of(start: datetime) -> datetime:
    return start.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)


def _with(referral: Referral, clocks: Clocks) -> Referral:
    return referral.model_copy(update={"clocks": clocks})
