"""What reports know of one case: groups, codes and times, never who someone is.

Each part keeps the number of the fact that last set it, and an older or equal number
changes nothing: facts may come twice and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import AwareDatetime, Field

from services.outcomes.domain.change import Way
from services.outcomes.domain.words import Strict
from shared.events import (
    AdministrativeGender,
    AgeBand,
    EthnicGroup,
    GoalAchievement,
    GoalLifecycle,
    ReferralKind,
    SourceCode,
)


class Opening(Strict):
    """How the case began: its intake, which is the case."""

    at: AwareDatetime
    source_organisation_id: str
    team_organisation_id: str
    source_code: SourceCode
    need_codes: tuple[str, ...]


class Profile(Strict):
    """The coarse groups the case is counted under."""

    seq: int
    age_band: AgeBand | None
    sex: AdministrativeGender
    ethnic_group: EthnicGroup
    deprivation_decile: int | None
    secondary_use: bool = True
    """Whether the case is counted at all: not where the person opted out."""


class Needs(Strict):
    """What an assessment found; it takes the place of what the referrer coded."""

    seq: int
    codes: tuple[str, ...]


class Referred(Strict):
    """One referral of the case: where it stands and when it was first accepted.

    ``code`` is the reason or outcome that came with the status.
    """

    kind: ReferralKind
    provider_organisation_id: str
    status: str
    seq: int
    code: str | None = None
    made_at: AwareDatetime | None = None
    accepted_at: AwareDatetime | None = None


class Contacted(Strict):
    """One appointment: what became of it. ``told_at`` is when that was recorded."""

    referral_id: str
    provider_organisation_id: str
    status: str
    seq: int
    told_at: AwareDatetime
    start: AwareDatetime | None = None
    start_seq: int = 0

    @property
    def happened_at(self) -> datetime:
        """When it took place: attendance is often recorded a day later, never before."""
        return self.told_at if self.start is None else min(self.start, self.told_at)


class GoalStanding(Strict):
    """Where one goal stands."""

    seq: int
    lifecycle_status: GoalLifecycle
    achievement_status: GoalAchievement


class Wellbeing(Strict):
    """Which way each item of each instrument went since the baseline, at a plan's version.

    Keys are ``<instrument>.<item>``; the scores themselves stay in the plan.
    """

    plan_version: int
    ways: Mapping[str, Way]


class Unmet(Strict):
    """Something that was looked for and not found; belongs to no one's case."""

    seq: int
    at: AwareDatetime
    need_code: str
    reason_code: str
    district: str | None


class Contribution(Strict):
    """What the case adds to reports: its month, its groups, and a count by figure.

    ``figures`` are keyed as ``shared_key(subject, provider, category, measure)`` says.
    """

    month: str
    dims: Mapping[str, str]
    figures: Mapping[str, int]

    def counts_under_the_same(self, other: Contribution) -> bool:
        """Whether both are counted in the same month and groups."""
        return self.month == other.month and self.dims == other.dims


class Case(Strict):
    """One case as reports see it, or one search that found nothing (``unmet``).

    ``counted`` is what the cells hold of it, as of the batch ``counted_in``.
    """

    tenant: str
    case_id: str
    changed_at: AwareDatetime
    opening: Opening | None = None
    pcn: str | None = None
    profile: Profile | None = None
    needs: Needs | None = None
    referrals: Mapping[str, Referred] = Field(default_factory=dict)
    contacts: Mapping[str, Contacted] = Field(default_factory=dict)
    goals: Mapping[str, GoalStanding] = Field(default_factory=dict)
    wellbeing: Wellbeing | None = None
    unmet: Unmet | None = None
    erased: bool = False
    """The person was erased: what is counted stays, and nothing else is known any more."""
    counted: Contribution | None = None
    counted_in: int = 0
