"""What one case adds to reports: a pure function of its facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote, unquote

from services.outcomes.domain.reports.case import Case, Contribution, Opening, Referred

UNKNOWN = "unknown"
ALL = "all"
"""The category that counts every one, whatever its category."""

WAIT_BINS = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 42, 56, 84, 126)
"""The longest wait, in whole days, of each bin of the histogram; one more bin holds the rest."""

_STANDING: Mapping[str, str] = {
    "submitted": "awaiting_answer",
    "info_requested": "awaiting_answer",
    "waitlisted": "waitlisted",
    "accepted": "accepted",
    "in_progress": "in_support",
    "on_hold": "in_support",
    "completed": "completed",
    "not_completed": "not_completed",
    "declined": "declined",
    "withdrawn": "withdrawn",
    "expired": "expired",
    "followed_up": "followed_up",
}
_CONTACTS: Mapping[str, str] = {
    "attended": "attended",
    "missed": "missed",
    "cancelled": "cancelled",
    "booked": "upcoming",
}
_UNCOUNTED_GOALS = frozenset({"proposed", "rejected", "entered-in-error"})

Figure = tuple[str, str, str, str]
"""Subject, provider's organisation, category, measure."""


def join(*parts: str) -> str:
    """Several values as one key, whatever signs they hold; there is no dot in it."""
    return "|".join(map(_quoted, parts))


@lru_cache(maxsize=65_536)
def _quoted(part: str) -> str:
    """Ids and codes come again with every case, and quoting is what joining costs.

    A dot as well: a row's key is a path to MongoDB.
    """
    return quote(part, safe="+ ").replace(".", "%2E")


def split(key: str) -> list[str]:
    """The values that ``join`` made a key of."""
    parts = key.split("|")
    return [unquoted(part) for part in parts] if "%" in key else parts


@lru_cache(maxsize=65_536)
def unquoted(part: str) -> str:
    """One value of a key as it was."""
    return unquote(part)


def contribution(case: Case) -> Contribution | None:
    """What reports count of the case; None before its intake is known, or if that was an error.

    None as well where the person opted out of everything beyond their own care.
    """
    if case.erased:
        return case.counted
    if not counts_at_all(case):
        return None
    if case.unmet is not None:
        unmet = case.unmet
        figures = [
            ("unmet-need", "", category, measure)
            for category in (ALL, unmet.need_code)
            for measure in ("looked_for", unmet.reason_code)
        ]
        dims = {"district": unmet.district or UNKNOWN}
        return _contribution(unmet.at, dims, figures)
    if case.opening is None:
        return None
    return _contribution(case.opening.at, _dims(case, case.opening), list(_figures(case)))


def counts_at_all(case: Case) -> bool:
    """Whether reports count anything of a case that was not erased."""
    if case.profile is not None and not case.profile.secondary_use:
        return False
    if case.unmet is not None:
        return True
    intake = case.referrals.get(case.case_id)
    if case.opening is None or intake is None:
        return False
    return intake.status != "entered_in_error"


def waits_to_be_counted(case: Case) -> bool:
    """Whether it counts for something else than was counted; a new case is not added up for it."""
    if case.counted is None and not case.erased:
        return counts_at_all(case)
    return contribution(case) != case.counted


def wait_bin(days: int) -> int:
    """Which bin of the histogram a wait falls in."""
    return next((n for n, most in enumerate(WAIT_BINS) if days <= most), len(WAIT_BINS))


def _contribution(at: datetime, dims: Mapping[str, str], figures: Sequence[Figure]) -> Contribution:
    counts = Counter(join(*figure) for figure in figures)
    return Contribution(month=at.strftime("%Y-%m"), dims=dims, figures=dict(counts))


def _dims(case: Case, opening: Opening) -> Mapping[str, str]:
    profile = case.profile
    decile = profile.deprivation_decile if profile else None
    return {
        "team": opening.team_organisation_id,
        "practice": opening.source_organisation_id,
        "pcn": case.pcn or UNKNOWN,
        "age_band": (profile and profile.age_band) or UNKNOWN,
        "sex": profile.sex if profile else UNKNOWN,
        "ethnic_group": profile.ethnic_group if profile else "not_stated",
        "deprivation_decile": UNKNOWN if decile is None else str(decile),
    }


def _figures(case: Case) -> Iterator[Figure]:
    opening = case.opening
    if opening is None:
        return
    team = case.referrals[case.case_id].provider_organisation_id
    yield ("source", team, ALL, "cases")
    yield ("source", team, opening.source_code, "cases")
    yield ("need", team, ALL, "cases")
    for code in sorted(set(case.needs.codes if case.needs else opening.need_codes)):
        yield ("need", team, code, "cases")
    for goal in case.goals.values():
        if goal.lifecycle_status not in _UNCOUNTED_GOALS:
            yield ("goal-achievement", team, ALL, "goals")
            yield ("goal-achievement", team, goal.achievement_status, "goals")
    for item, way in (case.wellbeing.ways if case.wellbeing else {}).items():
        yield ("wellbeing-change", team, item, "compared")
        yield ("wellbeing-change", team, item, way)
    for referral_id, referred in case.referrals.items():
        if referred.status != "entered_in_error":
            yield from _referral(case, referral_id, referred)


def _referral(case: Case, referral_id: str, referred: Referred) -> Iterator[Figure]:
    provider = referred.provider_organisation_id
    standing = _STANDING[referred.status]
    if referred.kind == "signpost" and standing == "awaiting_answer":
        standing = "given"
    yield ("referrals", provider, ALL, "made")
    yield ("referrals", provider, ALL, referred.kind)
    yield ("referrals", provider, ALL, standing)
    code = referred.code or UNKNOWN
    if standing in {"completed", "not_completed"}:
        yield ("outcome", provider, ALL, standing)
        yield ("outcome", provider, code, standing)
    if standing == "declined":
        yield ("decline-reason", provider, ALL, "declined")
        yield ("decline-reason", provider, code, "declined")
    own = [each for each in case.contacts.values() if each.referral_id == referral_id]
    for contact in own:
        if contact.status in _CONTACTS:
            yield ("attendance", provider, ALL, _CONTACTS[contact.status])
    attended = [each.happened_at for each in own if each.status == "attended"]
    if attended:
        yield ("attendance", provider, ALL, "referrals_attended")
    if referred.made_at is None or referred.kind == "signpost":
        return
    waits = (("accepted", referred.accepted_at), ("attended", min(attended, default=None)))
    for what, until in waits:
        if until is not None:
            days = max(0, (until - referred.made_at).days)
            yield ("wait", provider, referred.kind, what)
            yield ("wait", provider, referred.kind, f"{what}:{wait_bin(days)}")
