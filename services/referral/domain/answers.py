"""Answering by a signed link, for providers without an account.

Whoever holds the link acts as the organisation that was asked, in this one referral, by the
same table and the same rules as anyone of that organisation who signs in.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.referral.domain.lifecycle import TABLE, Command
from services.referral.domain.meetings import AppointmentStatus
from services.referral.domain.record import Appointment
from services.referral.domain.referral import Referral
from shared.cause import Actor
from shared.errors import Conflict

PURPOSE = "answer-referral"
"""What the link is for, so that one made for something else does not serve."""


class Choices(NamedTuple):
    """What the holder of a link may do now."""

    accept: bool
    decline: bool
    ask: bool
    attendance: tuple[Appointment, ...]
    """Contacts whose time has come and of which nobody has said yet whether they took place."""

    @property
    def is_decision(self) -> bool:
        """Whether the referral waits for an answer."""
        return self.accept or self.decline or self.ask


NOTHING = Choices(accept=False, decline=False, ask=False, attendance=())
"""Where the record is restricted: nobody without an account is named on it."""


def holder(referral: Referral) -> Actor:
    """Whoever holds a link to this referral, as an actor of the organisation that was asked."""
    return Actor(
        subject="link",
        role="provider",
        organisation=referral.provider_organisation_id,
        tenant=referral.tenant,
    )


def choices(referral: Referral, now: datetime) -> Choices:
    """What may be done by link at this moment."""
    allowed = TABLE[referral.status]
    return Choices(
        accept=Command.ACCEPT in allowed,
        decline=Command.DECLINE in allowed,
        ask=Command.ASK in allowed,
        attendance=tuple(
            each
            for each in referral.appointments
            if Command.START in allowed
            and each.status in {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED}
            and each.session_id is None
            and each.start <= now
        ),
    )


def check_answerable(referral: Referral) -> None:
    """Raise Conflict where nothing is expected of the provider, so that no link is of use."""
    if not referral.is_open:
        raise Conflict(
            f"The referral is {referral.status.replace('_', ' ')}: no answer is expected.",
            {"current_status": referral.status.value, "allowed": []},
        )
