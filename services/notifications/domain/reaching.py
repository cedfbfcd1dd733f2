"""Whether, how and when a person may be reached: decided anew at each attempt.

Nothing of ``Reachability`` is ever stored: the referral service owns it, and what was true
yesterday may be dangerous today.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

LONDON = ZoneInfo("Europe/London")

PersonChannel = Literal["sms", "email", "letter"]

OwnersReason = Literal["deceased", "do_not_contact", "restricted", "no_consent", "processing_held"]
SuppressedReason = Literal[
    "deceased",
    "do_not_contact",
    "restricted",
    "no_consent",
    "processing_held",
    "no_channel",
    "no_safe_time",
    "unknown_person",
    "too_late",
]
"""Why a message to a person was not sent, by rule."""

LETTER_TAKES = timedelta(days=4)
"""Second-class post with GOV.UK Notify arrives within 3 working days of dispatch the next day."""

_DAY_BEGINS, _DAY_ENDS = time(8), time(20)
"""When a text message may ring where the person has not said otherwise."""

_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
_DAYS_AHEAD = 15


class _Answered(BaseModel):
    """What an owner answers; it may say more than is read here."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Reach(_Answered):
    """One way to reach the person; ``safe_from`` and ``safe_to`` bound the time of day."""

    channel: PersonChannel
    address: str = Field(repr=False, min_length=1)
    """A telephone number, an e-mail address, or the lines of a postal address."""
    safe_from: time | None = None
    safe_to: time | None = None


class SafeHours(_Answered):
    """A span of the day, London time, on days of the week (ISO: Monday is 1)."""

    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = _EVERY_DAY
    opens: time = Field(alias="from")
    closes: time = Field(alias="to")


class Reachability(_Answered):
    """How the person may be reached at this moment; channels in the order they prefer."""

    asked_id: str
    """The id the owner was asked with: of any of the person's records."""
    person_id: str
    suppressed: OwnersReason | None = None
    channels: tuple[Reach, ...] = ()
    neutral_sender: bool = False
    """Someone else may see the message: say neither who writes nor what about."""
    language: str | None = None
    safe_hours: tuple[SafeHours, ...] = ()
    given_names: str | None = Field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Suppress:
    """Nothing is to be sent, now or later."""

    reason: SuppressedReason


@dataclass(frozen=True, slots=True)
class Postpone:
    """Nothing is to be sent before ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Go:
    """To be sent now, this way."""

    reach: Reach


Decision = Suppress | Postpone | Go


def decide(
    reachability: Reachability,
    now: datetime,
    useless_after: datetime,
    given_up: Collection[PersonChannel] = (),
) -> Decision:
    """What to do now with a message that is worth nothing after ``useless_after``.

    The person's order of channels holds: a preferred one is waited for, unless its next
    safe hour comes too late. Channels in ``given_up`` have failed for this message.
    """
    if reachability.suppressed is not None:
        return Suppress(reachability.suppressed)
    if now >= useless_after:
        return Suppress("too_late")
    channels = [each for each in reachability.channels if each.channel not in given_up]
    if not channels:
        return Suppress("no_channel")
    for reach in channels:
        opens = next_safe(reach, reachability.safe_hours, now)
        if opens is None or opens + _takes(reach.channel) >= useless_after:
            continue
        return Go(reach) if opens <= now else Postpone(opens)
    return Suppress("no_safe_time")


def next_safe(reach: Reach, safe_hours: Sequence[SafeHours], now: datetime) -> datetime | None:
    """The first moment from ``now`` on at which this way is safe; None if there is none.

    The person's own hours and the channel's both hold. Where neither is stated, text
    messages keep to the day and e-mails go at any time, as letters always do.
    """
    for own in _candidates(reach, safe_hours, now):
        local = own.astimezone(LONDON)
        if _within(reach, safe_hours, local):
            return own
    return None


def _candidates(reach: Reach, safe_hours: Sequence[SafeHours], now: datetime) -> list[datetime]:
    """Now, and each moment at which some window opens in the days to come."""
    starts = {hours.opens for hours in safe_hours} | {reach.safe_from or time(0), _DAY_BEGINS}
    today = now.astimezone(LONDON).date()
    opening = (
        datetime.combine(today + timedelta(days=ahead), start, LONDON).astimezone(now.tzinfo)
        for ahead in range(_DAYS_AHEAD)
        for start in starts
    )
    return [now, *sorted(moment for moment in opening if moment > now)]


def _within(reach: Reach, safe_hours: Sequence[SafeHours], local: datetime) -> bool:
    at, stated = local.time(), bool(safe_hours or reach.safe_from or reach.safe_to)
    if reach.channel == "letter":
        return True  # the post decides when it comes
    if not stated:
        return reach.channel != "sms" or _spans(_DAY_BEGINS, _DAY_ENDS, at)
    own = not safe_hours or any(
        local.isoweekday() in hours.days and _spans(hours.opens, hours.closes, at)
        for hours in safe_hours
    )
    return own and _spans(reach.safe_from or time.min, reach.safe_to or time.max, at)


def _spans(opens: time, closes: time, at: time) -> bool:
    """Whether the span holds this time of day; one that ends before it begins goes over night."""
    if opens <= closes:
        return opens <= at < closes
    return at >= opens or at < closes


def _takes(channel: PersonChannel) -> timedelta:
    return LETTER_TAKES if channel == "letter" else timedelta(0)
