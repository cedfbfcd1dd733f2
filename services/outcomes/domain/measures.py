"""Recording the answers to an instrument."""

from __future__ import annotations

from services.outcomes.domain.commands import RecordMeasure
from services.outcomes.domain.instruments import Instrument
from services.outcomes.domain.measure import Measure
from services.outcomes.domain.plan import Changed, Plan
from services.outcomes.domain.scoring import SCORER, score
from services.outcomes.domain.stating import common_of, refuse_beyond, refuse_if_closed
from shared.cause import Cause
from shared.events import MeasureRecorded

LIMIT = 100
"""Measures a plan holds."""


def record_measure(
    plan: Plan, instrument: Instrument, command: RecordMeasure, measure_id: str, cause: Cause
) -> Changed:
    """Score and keep the answers.

    Raises Invalid, and Conflict where the plan is closed and the stage is not ``final``.
    """
    if any(measure.id == measure_id for measure in plan.measures):
        return plan, ()
    scored = score(instrument, command.answers, command.concerns)
    if command.stage != "final":
        refuse_if_closed(plan)
    refuse_beyond(LIMIT, len(plan.measures), "measures")
    measure = Measure(
        id=measure_id,
        instrument=instrument.id,
        version=instrument.version,
        stage=command.stage,
        answers=command.answers,
        concerns=command.concerns,
        bands=scored.bands,
        total=scored.total,
        scorer=SCORER,
        compared=instrument.compared,
        recorded_at=cause.at,
        recorded_by=cause.actor.subject,
    )
    recorded = MeasureRecorded(
        **common_of(plan, cause),
        measure_id=measure_id,
        instrument=instrument.id,
        stage=command.stage,
    )
    return plan.model_copy(update={"measures": (*plan.measures, measure)}), (recorded,)
