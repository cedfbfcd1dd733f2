"""What each report is about: what it counts, its columns, and what to bear in mind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from shared.events import AdministrativeGender, AgeBand, EthnicGroup

SubjectName = Literal[
    "referrals",
    "source",
    "need",
    "outcome",
    "wait",
    "decline-reason",
    "attendance",
    "goal-achievement",
    "wellbeing-change",
    "unmet-need",
]
By = Literal[
    "practice",
    "pcn",
    "provider",
    "month",
    "age_band",
    "sex",
    "ethnic_group",
    "deprivation_decile",
    "district",
]

CLOSED: Mapping[str, tuple[str, ...]] = {
    "age_band": (*get_args(AgeBand), "unknown"),
    "sex": get_args(AdministrativeGender),
    "ethnic_group": get_args(EthnicGroup),
    "deprivation_decile": (*(str(decile) for decile in range(1, 11)), "unknown"),
}
"""Every value of a dimension that has few: all are listed, so that no line tells by being there."""

CASE_BY: tuple[By, ...] = (
    "practice",
    "pcn",
    "provider",
    "month",
    "age_band",
    "sex",
    "ethnic_group",
    "deprivation_decile",
)


@dataclass(frozen=True)
class Subject:
    """One report. ``category`` names the code its lines are split by, if any.

    A measure in ``medians`` is worked out from the histogram of the measure it names.
    """

    title: str
    counts: str
    measures: tuple[str, ...]
    category: str | None = None
    medians: Mapping[str, str] | None = None
    by: tuple[By, ...] = CASE_BY
    caveats: tuple[str, ...] = ()


_COHORT = "Months are those in which the case was opened, not those in which things happened."
_OF_TEAM = "Counted under the link-worker team as provider, not under services referred on to."

SUBJECTS: Mapping[SubjectName, Subject] = {
    "referrals": Subject(
        title="Referrals",
        counts="Referrals by where they stand now: intakes, onward referrals and signposts.",
        measures=(
            *("made", "intake", "onward", "signpost", "awaiting_answer", "waitlisted"),
            *("accepted", "in_support", "completed", "not_completed", "declined"),
            *("withdrawn", "expired", "given", "followed_up"),
        ),
        caveats=(_COHORT,),
    ),
    "source": Subject(
        title="Source of referral",
        counts="Cases by where they came from.",
        measures=("cases",),
        category="source_code",
        caveats=(_COHORT, _OF_TEAM),
    ),
    "need": Subject(
        title="Needs",
        counts="Cases by need: as assessed, or as the referrer coded until an assessment.",
        measures=("cases",),
        category="need_code",
        caveats=(_COHORT, _OF_TEAM, "A case may have several needs: needs add to more than all."),
    ),
    "outcome": Subject(
        title="Outcome",
        counts="Referrals that ended, by the code given at the end.",
        measures=("completed", "not_completed"),
        category="outcome_code",
        caveats=(_COHORT,),
    ),
    "wait": Subject(
        title="Waits",
        counts="Whole days from a referral to its acceptance and to its first attended contact.",
        measures=("accepted", "days_to_accept", "attended", "days_to_first_attended"),
        category="kind",
        medians={"days_to_accept": "accepted", "days_to_first_attended": "attended"},
        caveats=(
            _COHORT,
            (
                "Days are medians: half waited so long or less. Beyond a week they are the upper "
                "end of a band (10, 14, 21, 28, 42, 56, 84, 126 days); above 126 none is given."
            ),
            "Those still waiting are not in it, so waits of recent months look too short.",
        ),
    ),
    "decline-reason": Subject(
        title="Reasons for declining",
        counts="Referrals that were declined, by reason.",
        measures=("declined",),
        category="reason_code",
        caveats=(_COHORT,),
    ),
    "attendance": Subject(
        title="Attendance",
        counts="Appointments by what became of them, and referrals with one attended at least.",
        measures=("attended", "missed", "cancelled", "upcoming", "referrals_attended"),
        caveats=(_COHORT,),
    ),
    "goal-achievement": Subject(
        title="Goals",
        counts="Goals agreed, by how far they have been achieved (FHIR Goal.achievementStatus).",
        measures=("goals",),
        category="achievement_status",
        caveats=(_COHORT, _OF_TEAM),
    ),
    "wellbeing-change": Subject(
        title="Change in wellbeing",
        counts="Cases measured at baseline and again, by which way each item went.",
        measures=("compared", "better", "same", "worse"),
        category="item",
        caveats=(
            _COHORT,
            _OF_TEAM,
            "Only people measured twice are in it; those who stopped coming are not.",
            "There is no comparison group: it does not show what brought the change about.",
            "A difference of one point counts as a change.",
        ),
    ),
    "unmet-need": Subject(
        title="Unmet need",
        counts="Searches of the directory that found nothing suitable, by need.",
        measures=("looked_for", "no_service", "too_far", "no_place", "not_suitable"),
        category="need_code",
        by=("month", "district"),
        caveats=(
            "Months are those of the search.",
            "Searches, not persons: one person's need may be looked for several times.",
        ),
    ),
}

CAVEATS = (
    (
        "Numbers below 5 are not shown. All others carry a small random change and are rounded to "
        "a multiple of 5, so lines need not add up to totals."
    ),
    "Kept up to date as events arrive: figures of past months still change.",
)
