"""Every status of a referral and what may be done in it: the one table.

``meetings`` has those of appointments and group sessions. Tests, error messages and
docs/lifecycles.md read these tables.

Source: the FHIR Task and ServiceRequest states as narrowed by the Gravity SDOH Clinical
Care guide (STU 3), with the waiting-list, withdrawal and no-response paths UK services need.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from shared.errors import Conflict


class Status(StrEnum):
    """Where a referral stands."""

    DRAFT = "draft"
    """Being written: no one else knows of it."""
    SUBMITTED = "submitted"
    INFO_REQUESTED = "info_requested"
    WAITLISTED = "waitlisted"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    NOT_COMPLETED = "not_completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    ENTERED_IN_ERROR = "entered_in_error"
    GIVEN = "given"
    """A signpost: information was given, no acceptance is expected."""
    FOLLOWED_UP = "followed_up"
    """A signpost whose outcome is known, or known to be unknown."""


class Command(StrEnum):
    """What may be done to a referral."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    ASSIGN = "assign"
    ASK = "ask"
    """Ask the referrer something before deciding."""
    ANSWER = "answer"
    WAITLIST = "waitlist"
    DECLINE = "decline"
    EXPIRE = "expire"
    """Nobody answered in time; only the clock does this."""
    BOOK = "book"
    """Arrange an appointment; the status stays."""
    START = "start"
    """The first attended contact."""
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    NOT_COMPLETE = "not-complete"
    WITHDRAW = "withdraw"
    REROUTE = "reroute"
    """Refer to another service instead; this one stays as it ended."""
    FOLLOW_UP = "follow-up"
    ENTER_IN_ERROR = "enter-in-error"


_UNANSWERED: Mapping[Command, Status] = {
    Command.ACCEPT: Status.ACCEPTED,
    Command.WAITLIST: Status.WAITLISTED,
    Command.DECLINE: Status.DECLINED,
    Command.EXPIRE: Status.EXPIRED,
    Command.WITHDRAW: Status.WITHDRAWN,
    Command.REROUTE: Status.WITHDRAWN,
    Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
}


def _ended(status: Status) -> Mapping[Command, Status]:
    return {Command.REROUTE: status, Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR}


TABLE: Mapping[Status, Mapping[Command, Status]] = {
    Status.DRAFT: {
        Command.SUBMIT: Status.SUBMITTED,
        Command.WITHDRAW: Status.WITHDRAWN,
        Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
    },
    Status.SUBMITTED: {**_UNANSWERED, Command.ASK: Status.INFO_REQUESTED},
    Status.INFO_REQUESTED: {**_UNANSWERED, Command.ANSWER: Status.SUBMITTED},
    Status.WAITLISTED: {
        Command.ACCEPT: Status.ACCEPTED,
        Command.DECLINE: Status.DECLINED,
        Command.WITHDRAW: Status.WITHDRAWN,
        Command.REROUTE: Status.WITHDRAWN,
        Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
    },
    Status.ACCEPTED: {
        Command.ASSIGN: Status.ACCEPTED,
        Command.BOOK: Status.ACCEPTED,
        Command.START: Status.IN_PROGRESS,
        Command.WAITLIST: Status.WAITLISTED,
        Command.NOT_COMPLETE: Status.NOT_COMPLETED,
        Command.WITHDRAW: Status.WITHDRAWN,
        Command.REROUTE: Status.WITHDRAWN,
        Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
    },
    Status.IN_PROGRESS: {
        Command.ASSIGN: Status.IN_PROGRESS,
        Command.BOOK: Status.IN_PROGRESS,
        Command.START: Status.IN_PROGRESS,
        Command.HOLD: Status.ON_HOLD,
        Command.COMPLETE: Status.COMPLETED,
        Command.NOT_COMPLETE: Status.NOT_COMPLETED,
        Command.WITHDRAW: Status.WITHDRAWN,
        Command.REROUTE: Status.WITHDRAWN,
        Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
    },
    Status.ON_HOLD: {
        Command.ASSIGN: Status.ON_HOLD,
        Command.RESUME: Status.IN_PROGRESS,
        Command.NOT_COMPLETE: Status.NOT_COMPLETED,
        Command.WITHDRAW: Status.WITHDRAWN,
        Command.REROUTE: Status.WITHDRAWN,
        Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
    },
    Status.COMPLETED: {Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR},
    Status.NOT_COMPLETED: _ended(Status.NOT_COMPLETED),
    Status.DECLINED: _ended(Status.DECLINED),
    Status.EXPIRED: _ended(Status.EXPIRED),
    Status.WITHDRAWN: _ended(Status.WITHDRAWN),
    Status.ENTERED_IN_ERROR: {},
    Status.GIVEN: {
        Command.FOLLOW_UP: Status.FOLLOWED_UP,
        Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
    },
    Status.FOLLOWED_UP: {Command.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR},
}
"""Status now, command, status after. A command missing from a row is illegal there."""

OPEN = frozenset(
    {
        Status.SUBMITTED,
        Status.INFO_REQUESTED,
        Status.WAITLISTED,
        Status.ACCEPTED,
        Status.IN_PROGRESS,
        Status.ON_HOLD,
    }
)
"""A provider is expected to do something: a person has one of these per service at a time."""


ENDED = frozenset(
    {
        Status.COMPLETED,
        Status.NOT_COMPLETED,
        Status.DECLINED,
        Status.EXPIRED,
        Status.WITHDRAWN,
        Status.ENTERED_IN_ERROR,
        Status.FOLLOWED_UP,
    }
)
"""Nothing more is expected of anyone; it is never opened again. Referring anew makes a new one."""

StateT = TypeVar("StateT", bound=StrEnum)
CommandT = TypeVar("CommandT", bound=StrEnum)


def after(status: Status, command: Command) -> Status:
    """The status after the command. Raises Conflict naming the status and what is allowed."""
    return step(TABLE, status, command, "A referral")


def step(
    table: Mapping[StateT, Mapping[CommandT, StateT]],
    status: StateT,
    command: CommandT,
    noun: str,
) -> StateT:
    """The same for any table; ``noun`` is what the message calls the thing."""
    allowed = table[status]
    if command not in allowed:
        raise Conflict(
            f"{noun} that is {_words(status)} does not allow {command}.",
            {"current_status": status.value, "allowed": sorted(each.value for each in allowed)},
        )
    return allowed[command]


def _words(status: StrEnum) -> str:
    return status.replace("_", " ").replace("-", " ")
