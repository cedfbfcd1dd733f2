"""Invented instruments, in the shapes of licensed ones."""

from typing import Any

from services.outcomes.domain import Instrument

LICENCE = {"notice": "Porch Light Scale, an invention of these tests, example.org", "held": True}


def item(id_: str, lowest: int = 1, highest: Any = 3, **said: Any) -> dict[str, Any]:
    return {"id": id_, "wording": f"The {id_}", "lowest": lowest, "highest": highest, **said}


def lookup(**said: Any) -> dict[str, Any]:
    """A pack whose raw sum of 2 to 6 is looked up, with bands for the metric."""
    table = [(2, 0), (3, 30.5), (4, 50), (5, 69.5), (6, 100)]
    return {
        "id": "porch-light",
        "version": "1.0",
        "title": "Porch Light Scale",
        "licence": LICENCE,
        "items": [item("warmth"), item("light")],
        "scoring": {
            "method": "table",
            "table": [{"raw": raw, "metric": metric} for raw, metric in table],
        },
        "direction": "higher_is_better",
        "bands": [{"code": "dim", "up_to": 50}, {"code": "bright", "up_to": 100}],
        **said,
    }


def concerns(**said: Any) -> dict[str, Any]:
    """A pack of one or two concerns the person names, and how they are; lower is better."""
    return {
        "id": "pebbles",
        "version": "1",
        "title": "Pebbles in the Shoe",
        "licence": LICENCE,
        "items": [
            item("first", 0, 6, named_by_person=True),
            item("second", 0, 6, named_by_person=True, required=False),
            item("wellbeing", 0, 6),
        ],
        "scoring": {"method": "items"},
        "direction": "lower_is_better",
        **said,
    }


def pack(said: dict[str, Any]) -> Instrument:
    return Instrument.model_validate(said)
