"""Wellbeing instruments: their items, the answers they take, and how they are scored.

Sources: ONS personal wellbeing (ONS4) and its published thresholds; the three-item UCLA
loneliness scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.outcomes.domain.commands import RecordMeasure
from services.outcomes.domain.plan import Changed, Measure, Plan
from services.outcomes.domain.stating import common_of, refuse_beyond, refuse_if_closed
from services.outcomes.domain.words import InstrumentName
from shared.cause import Cause
from shared.errors import FieldError, Invalid
from shared.events import MeasureRecorded

LIMIT = 100
"""Measures a plan holds."""

SCORER = 1
"""The version of the rules below; it goes up when one of them changes."""

Bands = tuple[tuple[int, str], ...]
"""Each band's highest answer and its name, lowest first."""

_WELLBEING: Bands = ((4, "low"), (6, "medium"), (8, "high"), (10, "very_high"))
_ANXIETY: Bands = ((1, "very_low"), (3, "low"), (5, "medium"), (10, "high"))


@dataclass(frozen=True)
class Instrument:
    """Its items, with the bands of those that are read one by one, and what they take.

    ``summed`` is true where the items make one total.
    """

    items: Mapping[str, Bands]
    lowest: int
    highest: int
    summed: bool

    @property
    def allowed(self) -> str:
        """What an answer must be, as a sentence's end."""
        return f"must be a whole number from {self.lowest} to {self.highest}"

    def takes(self, answer: int | None) -> bool:
        """Whether the item was answered, and with a number in range."""
        return answer is not None and self.lowest <= answer <= self.highest


INSTRUMENTS: Mapping[InstrumentName, Instrument] = {
    # Four questions about four things: ONS says never to sum them.
    "ons4": Instrument(
        items={
            "life_satisfaction": _WELLBEING,
            "worthwhile": _WELLBEING,
            "happiness": _WELLBEING,
            "anxiety": _ANXIETY,
        },
        lowest=0,
        highest=10,
        summed=False,
    ),
    # Hardly ever 1, some of the time 2, often 3: a total of 3 to 9, higher is lonelier.
    "ucla3": Instrument(
        items={"companionship": (), "left_out": (), "isolated": ()},
        lowest=1,
        highest=3,
        summed=True,
    ),
}


@dataclass(frozen=True)
class Score:
    """What the answers come to: a band per item, or one total."""

    bands: Mapping[str, str] = field(default_factory=dict)
    total: int | None = None


def score(name: InstrumentName, answers: Mapping[str, int]) -> Score:
    """Score a full set of answers. Raises Invalid naming each item that is missing or wrong."""
    instrument = INSTRUMENTS[name]
    errors = [
        *_unknown_items(instrument, answers),
        *(
            FieldError(f"/answers/{item}", instrument.allowed)
            for item in instrument.items
            if not instrument.takes(answers.get(item))
        ),
    ]
    if errors:
        raise Invalid(f"The answers do not fit {name}.", errors=errors)
    return Score(
        bands={
            item: _band(bands, answers[item]) for item, bands in instrument.items.items() if bands
        },
        total=sum(answers.values()) if instrument.summed else None,
    )


def record_measure(plan: Plan, command: RecordMeasure, measure_id: str, cause: Cause) -> Changed:
    """Score and keep the answers.

    Raises Invalid, and Conflict where the plan is closed and the stage is not ``final``.
    """
    if any(measure.id == measure_id for measure in plan.measures):
        return plan, ()
    scored = score(command.instrument, command.answers)
    if command.stage != "final":
        refuse_if_closed(plan)
    refuse_beyond(LIMIT, len(plan.measures), "measures")
    measure = Measure(
        id=measure_id,
        instrument=command.instrument,
        stage=command.stage,
        answers=command.answers,
        bands=scored.bands,
        total=scored.total,
        scorer=SCORER,
        recorded_at=cause.at,
        recorded_by=cause.actor.subject,
    )
    recorded = MeasureRecorded(
        **common_of(plan, cause),
        measure_id=measure_id,
        instrument=command.instrument,
        stage=command.stage,
    )
    return plan.model_copy(update={"measures": (*plan.measures, measure)}), (recorded,)


def _unknown_items(instrument: Instrument, answers: Mapping[str, int]) -> Sequence[FieldError]:
    # The item that was sent is not repeated: it may hold anything.
    if answers.keys() <= instrument.items.keys():
        return ()
    return (FieldError("/answers", f"takes only the items {', '.join(instrument.items)}"),)


def _band(bands: Bands, answer: int) -> str:
    return next(name for highest, name in bands if answer <= highest)
