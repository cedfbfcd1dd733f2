"""What is kept of one answering of an instrument."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AwareDatetime

from services.outcomes.domain.words import Direction, Stage, Strict

TOTAL = "total"
"""The name a total goes by beside the items; no item may have it."""


class Measure(Strict):
    """One answering of an instrument, with the scores as they were worked out then.

    ``version`` is the instrument's and ``scorer`` that of the scoring rules, so that old
    scores stay explicable. ``concerns`` are the person's names for items they choose
    themselves. ``compared`` says which of the items (or the total) show a change, and which
    way is better.
    """

    id: str
    instrument: str
    version: str
    stage: Stage
    answers: Mapping[str, int]
    concerns: Mapping[str, str] = {}
    bands: Mapping[str, str]
    total: int | float | None
    scorer: int
    compared: Mapping[str, Direction]
    recorded_at: AwareDatetime
    recorded_by: str

    def value(self, name: str) -> int | float | None:
        """The total, or the answer to an item; None where there is none."""
        return self.total if name == TOTAL else self.answers.get(name)
