"""From answers to scores, by the rules an instrument's data states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.outcomes.domain.instruments import Band, Instrument
from services.outcomes.domain.measure import TOTAL
from shared.errors import FieldError, Invalid

SCORER = 1
"""The version of the rules below; it goes up when one of them changes."""

_DIGITS = 2
"""Decimals a mean is kept with."""


@dataclass(frozen=True)
class Score:
    """What the answers come to: a band per item (or for the total), and a total, if any."""

    bands: Mapping[str, str] = field(default_factory=dict)
    total: int | float | None = None


def score(
    instrument: Instrument, answers: Mapping[str, int], concerns: Mapping[str, str] | None = None
) -> Score:
    """Score a full set of answers.

    Raises Invalid naming each item that is missing or wrong, and each concern that should
    be named by the person and is not.
    """
    errors = [*_answer_faults(instrument, answers), *_concern_faults(instrument, answers, concerns)]
    if errors:
        raise Invalid(f"The answers do not fit {instrument.id}.", errors=errors)
    total = _total(instrument, answers)
    bands = {
        item.id: _band(item.bands, answers[item.id])
        for item in instrument.items
        if item.bands and item.id in answers
    }
    if total is not None and instrument.bands:
        bands[TOTAL] = _band(instrument.bands, total)
    return Score(bands=bands, total=total)


def _answer_faults(instrument: Instrument, answers: Mapping[str, int]) -> Sequence[FieldError]:
    names = [item.id for item in instrument.items]
    # The item that was sent is not repeated: it may hold anything.
    unknown = (
        ()
        if answers.keys() <= set(names)
        else (FieldError("/answers", f"takes only the items {', '.join(names)}"),)
    )
    wrong = (
        FieldError(f"/answers/{item.id}", item.allowed)
        for item in instrument.items
        if not item.takes(answers.get(item.id))
    )
    return (*unknown, *wrong)


def _concern_faults(
    instrument: Instrument, answers: Mapping[str, int], concerns: Mapping[str, str] | None
) -> Sequence[FieldError]:
    concerns = concerns or {}
    named = {item.id for item in instrument.items if item.named_by_person}
    extra = (
        ()
        if concerns.keys() <= named
        else (FieldError("/concerns", "takes only items that the person names"),)
    )
    missing = (
        FieldError(f"/concerns/{item}", "must say in the person's words what was rated")
        for item in sorted(named & answers.keys() - concerns.keys())
    )
    return (*extra, *missing)


def _total(instrument: Instrument, answers: Mapping[str, int]) -> int | float | None:
    raw = sum(answers.values())
    match instrument.scoring.method:
        case "items":
            return None
        case "sum":
            return raw
        case "mean":
            return round(raw / len(answers), _DIGITS)
        case "table":
            return next(line.metric for line in instrument.scoring.table if line.raw == raw)


def _band(bands: Sequence[Band], value: float) -> str:
    return next(band.code for band in bands if value <= band.up_to)
