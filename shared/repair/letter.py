"""A dead letter as its service keeps it, and what may become of it.

A record that could not be applied stays where it lies on Kafka, for topics keep events for
good; the letter says where, why, and what was done about it. Nothing in it is personal: the
key is told by a digest, the type only if there is one, the reason without any value sent.

Which failures hold back the later events of the same key:

============== ====================================== ==========================================
the error      what it means                          later events of the key
============== ====================================== ==========================================
``Invalid``    the record cannot be read              are applied: every handler takes facts in
                                                      any order, and no repair of ours may come
other refusals the fact was weighed and turned down   are applied: each is weighed by itself
``NotFound``   what the fact builds on is not there   are tried; those that miss it too wait,
                                                      and once one gets through, the line is
                                                      tried again from its head
any other      a fault in our own code                wait: nobody can say what they would do
============== ====================================== ==========================================
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.errors import Conflict, LinkwayError, NotFound

PLATFORM = "platform"
"""Stands in for a tenant: letters belong to the installation, whoever the event was about."""

LetterStatus = Literal["open", "waiting", "replayed", "discarded"]
ActKind = Literal[
    "unmasked", "replayed", "replay_failed", "released", "release_failed", "discarded"
]

WAITS = "Waits"
"""Stands for an error class where a letter only waits behind another."""

_LONGEST_ACTS = 50


class Act(BaseModel):
    """What someone did about a letter; ``by`` is the opaque subject of a token, or a service."""

    model_config = ConfigDict(frozen=True)

    kind: ActKind
    at: datetime
    by: str
    reason: str = ""


class Letter(BaseModel):
    """One record that one consumer group could not apply, or that waits behind such a one."""

    model_config = ConfigDict(frozen=True)

    tenant: str = PLATFORM
    group: str
    topic: str
    partition: int
    offset: int
    lane: str
    """Digest of group, topic, partition and key; empty for a record without a key."""
    status: LetterStatus
    blocks: bool
    """Whether later events of the lane wait for this one."""
    error: str
    reason: str
    attempts: int
    event_type: str
    event_id: str | None
    at: datetime
    """When it was set aside."""
    copy_partition: int | None = None
    copy_offset: int | None = None
    """Where its copy lies on ``dead-letters``; a letter that waits has none."""
    acts: tuple[Act, ...] = ()
    busy: str | None = None
    busy_until: datetime | None = None
    """Who is replaying it just now, and until when others leave it alone."""

    @property
    def place(self) -> str:
        """Sorts letters of a lane, and all letters of a partition, as their records lie."""
        return f"{self.group}/{self.topic}/{self.partition:06d}/{self.offset:020d}"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be done."""
        return self.status in ("replayed", "discarded")

    @property
    def misses(self) -> bool:
        """Whether it stands there because something was missing, which may yet come."""
        return self.status == "open" and self.error == NotFound.__name__

    @property
    def in_line(self) -> bool:
        """Whether it has a place in its lane's line: later ones are not applied before it."""
        return self.status == "waiting" or (self.status == "open" and self.blocks)


def holds_back(error: Exception) -> bool:
    """Whether later events of the key wait once a record failed like this; see the table."""
    return isinstance(error, NotFound) or not isinstance(error, LinkwayError)


def lane_of(group: str, topic: str, partition: int, key: bytes | None) -> str:
    """The lane's digest: 32 hexadecimal digits, or nothing where there is no key."""
    if key is None:
        return ""
    place = f"{group}\x1f{topic}\x1f{partition}\x1f".encode()
    return hashlib.blake2b(place + key, digest_size=16).hexdigest()


def taken(letter: Letter, by: str, now: datetime, lease: timedelta) -> Letter:
    """The letter while ``by`` works on it.

    Raises Conflict where it is settled, or another is at work on it.
    """
    if letter.is_settled:
        raise Conflict(f"The letter was {letter.status} before.", {"status": letter.status})
    if letter.busy not in (None, by) and letter.busy_until and letter.busy_until > now:
        raise Conflict("The letter is being replayed just now.", {"status": letter.status})
    return letter.model_copy(update={"busy": by, "busy_until": now + lease})


def left(letter: Letter) -> Letter:
    """The letter as it was, with nobody at work on it."""
    return letter.model_copy(update={"busy": None, "busy_until": None})


def applied(letter: Letter, act: Act) -> Letter:
    """The letter after its record was applied."""
    return _with(letter, act, status="replayed")


def failed_again(letter: Letter, act: Act, *, error: str, reason: str, blocks: bool) -> Letter:
    """The letter after its record failed again, perhaps for another reason."""
    return _with(
        letter,
        act,
        status="open",
        error=error,
        reason=reason,
        blocks=blocks and bool(letter.lane),
        attempts=letter.attempts + 1,
    )


def discarded(letter: Letter, act: Act, now: datetime) -> Letter:
    """The letter given up. Raises Conflict where it is settled or being replayed."""
    return _with(taken(letter, act.by, now, timedelta()), act, status="discarded")


def seen_into(letter: Letter, act: Act) -> Letter:
    """The letter after someone looked at its payload."""
    return letter.model_copy(update={"acts": (*letter.acts, act)[-_LONGEST_ACTS:]})


def _with(letter: Letter, act: Act, **changes: object) -> Letter:
    return seen_into(left(letter), act).model_copy(update=changes)
