"""What to look for in the directory after an assessment."""

from __future__ import annotations

from collections.abc import Sequence

from services.outcomes.domain.assessment import Assessment, Need
from services.outcomes.domain.words import NeedGroup, Strict

MOST_CODES = 10
"""Needs one search names: more would match nearly everything."""


class SearchBody(Strict):
    """A body for the directory's POST /matches; the caller adds place, age and languages."""

    need_codes: tuple[str, ...]


class SuggestedSearch(Strict):
    """A search, for all that matters together or for one group of needs."""

    group: NeedGroup | None
    body: SearchBody


def suggested_searches(assessment: Assessment) -> tuple[SuggestedSearch, ...]:
    """One search for all needs, then one for each group, what matters most first.

    Needs go by their importance to the person, then by how ready they feel; what they gave
    no importance at all is not looked for.
    """
    needs = sorted(
        (need for need in assessment.findings.needs if need.importance), key=_weight, reverse=True
    )
    if not needs:
        return ()
    everything = _search(None, needs)
    groups = dict.fromkeys(need.group for need in needs if need.group is not None)
    own = (_search(group, [each for each in needs if each.group == group]) for group in groups)
    return (everything, *(search for search in own if search.body != everything.body))


def _weight(need: Need) -> tuple[int, int]:
    return need.importance or 0, need.readiness or 0


def _search(group: NeedGroup | None, needs: Sequence[Need]) -> SuggestedSearch:
    codes = tuple(need.need_code for need in needs[:MOST_CODES])
    return SuggestedSearch(group=group, body=SearchBody(need_codes=codes))
