"""Every status of a referral and what may be done in it: the one table.

Source: the FHIR Task and ServiceRequest states as narrowed by the Gravity SDOH Clinical
Care guide (STU 3), with the waiting-list, withdrawal and no-response paths UK services need.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.errors import Conflict


class Status(StrEnum):
    """Where a referral stands."""

    SUBMITTED = "submitted"
    WAITLISTED = "waitlisted"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    NOT_COMPLETED = "not_completed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    GIVEN = "given"
    """A signpost: information was given, no acceptance is expected."""


class Command(StrEnum):
    """What may be done to a referral."""

    ACCEPT = "accept"
    ASSIGN = "assign"
    WAITLIST = "waitlist"
    DECLINE = "decline"
    BOOK = "book"
    """Arrange an appointment; the status stays."""
    START = "start"
    """The first attended contact."""
    COMPLETE = "complete"
    NOT_COMPLETE = "not-complete"
    WITHDRAW = "withdraw"


TABLE: Mapping[Status, Mapping[Command, Status]] = {
    Status.SUBMITTED: {
        Command.ACCEPT: Status.ACCEPTED,
        Command.WAITLIST: Status.WAITLISTED,
        Command.DECLINE: Status.DECLINED,
        Command.WITHDRAW: Status.WITHDRAWN,
    },
    Status.WAITLISTED: {
        Command.ACCEPT: Status.ACCEPTED,
        Command.DECLINE: Status.DECLINED,
        Command.WITHDRAW: Status.WITHDRAWN,
    },
    Status.ACCEPTED: {
        Command.ASSIGN: Status.ACCEPTED,
        Command.BOOK: Status.ACCEPTED,
        Command.START: Status.IN_PROGRESS,
        Command.WAITLIST: Status.WAITLISTED,
        Command.NOT_COMPLETE: Status.NOT_COMPLETED,
        Command.WITHDRAW: Status.WITHDRAWN,
    },
    Status.IN_PROGRESS: {
        Command.ASSIGN: Status.IN_PROGRESS,
        Command.BOOK: Status.IN_PROGRESS,
        Command.START: Status.IN_PROGRESS,
        Command.COMPLETE: Status.COMPLETED,
        Command.NOT_COMPLETE: Status.NOT_COMPLETED,
        Command.WITHDRAW: Status.WITHDRAWN,
    },
    Status.COMPLETED: {},
    Status.NOT_COMPLETED: {},
    Status.DECLINED: {},
    Status.WITHDRAWN: {},
    Status.GIVEN: {},
}
"""Status now, command, status after. A command missing from a row is illegal there."""

OPEN = frozenset(status for status, commands in TABLE.items() if commands)
"""Something can still happen: these count as open."""


def after(status: Status, command: Command) -> Status:
    """The status after the command. Raises Conflict naming the status and what is allowed."""
    allowed = TABLE[status]
    if command not in allowed:
        raise Conflict(
            f"A referral that is {status.replace('_', ' ')} does not allow {command}.",
            {"current_status": status.value, "allowed": sorted(each.value for each in allowed)},
        )
    return allowed[command]
