"""What the directory keeps of one community service, in one document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.directory.domain.listing import Listing
from services.directory.domain.words import Point, Strict

HoldStatus = Literal["held", "used", "waiting", "released"]
"""Only who is ``held`` or ``used`` takes a place; who is ``waiting`` has none yet."""

CloseReason = Literal["provider_closed", "funding_ended", "replaced", "duplicate", "other"]
AssuranceStage = Literal["first", "second", "stale"]
ProblemCode = Literal["wrong_contact", "wrong_times", "closed", "full", "not_suitable", "other"]
ResolutionCode = Literal["corrected", "no_fault_found", "other"]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Hold(BaseModel):
    """What a referral does with a place, by the latest of its facts (``seq``)."""

    model_config = ConfigDict(frozen=True)

    status: HoldStatus
    seq: int
    since: AwareDatetime | None = None
    """When it was put on the waiting list, while it waits."""


class Closure(Strict):
    """That a service was closed by hand, and why."""

    reason_code: CloseReason
    at: AwareDatetime


class Assurance(BaseModel):
    """What was confirmed here, and how far asking for the next confirmation has got."""

    model_config = ConfigDict(frozen=True)

    confirmed_on: date | None = None
    stage: AssuranceStage | None = None
    asked_at: AwareDatetime | None = None
    """When the first of the reminders since the last confirmation was due and told."""
    looked_at: AwareDatetime | None = None


class Problem(BaseModel):
    """Someone's report that the listing is wrong; ``text`` and who it was stay in the record."""

    model_config = ConfigDict(frozen=True)

    id: str
    problem_code: ProblemCode
    text: str | None = None
    reported_at: AwareDatetime
    reported_by: str
    """The opaque subject of who reported it."""
    reporter_organisation_id: str
    resolved_at: AwareDatetime | None = None
    resolution_code: ResolutionCode | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has seen to it yet."""
        return self.resolved_at is None


class Service(BaseModel):
    """One community service of one tenant.

    ``points`` is where it is found on the map; ``holds`` has an entry by referral id.
    """

    model_config = ConfigDict(frozen=True)

    tenant: str
    listing: Listing
    points: tuple[Point, ...] = ()
    holds: Mapping[str, Hold] = Field(default_factory=dict)
    capacity_updated: AwareDatetime | None = None
    closure: Closure | None = None
    published_at: AwareDatetime | None = None
    """When it last became active."""
    assurance: Assurance = Assurance()
    problems: tuple[Problem, ...] = ()

    @property
    def available(self) -> int | None:
        """Places free now, never below nought; None where no capacity is stated."""
        if self.listing.capacity is None:
            return None
        taken = sum(hold.status in {"held", "used"} for hold in self.holds.values())
        return max(0, self.listing.capacity.maximum - taken)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The referrals on the waiting list: who waits longest first, equals by id."""
        waits = [
            (hold.since or _LONG_AGO, id_)
            for id_, hold in self.holds.items()
            if hold.status == "waiting"
        ]
        return tuple(id_ for _, id_ in sorted(waits))

    @property
    def next_referral_id(self) -> str | None:
        """Who waits longest, where a place is free for them."""
        return self.waiting[0] if self.available and self.waiting else None

    @property
    def open_problems(self) -> int:
        """How many reported problems nobody has seen to."""
        return sum(problem.is_open for problem in self.problems)
