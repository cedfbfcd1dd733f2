"""Wellbeing instruments as data: items, scoring, bands and the licence they are used under.

ONS4 and UCLA-3 come with Linkway as files in ``services/outcomes/instruments``; others, such
as SWEMWBS, MYCaW and PAM, are packs that an organisation holding their licence installs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic_core import PydanticCustomError

from services.outcomes.domain.measure import TOTAL
from services.outcomes.domain.words import Direction, ItemId, Note, Sentence, Strict
from shared.errors import FieldError, Invalid

_MOST_ITEMS = 40
_MOST_NAMED = 5
_WIDEST = 100
"""The highest answer an item may take, either side of nought."""

Version = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*$", max_length=40)
]
"""An edition of an instrument, such as ``2011`` or ``1.2``."""

Finite = Annotated[float, Field(allow_inf_nan=False)]

Answer = Annotated[int, Field(ge=-_WIDEST, le=_WIDEST, strict=True)]


def _held(value: bool) -> bool:  # noqa: FBT001 - a validator takes the value
    if not value:
        raise PydanticCustomError("licence", "must be true: without a licence do not install it")
    return value


class Licence(Strict):
    """The notice shown wherever the instrument is, and that who installs it may use it."""

    notice: Note
    held: Annotated[bool, Field(strict=True), AfterValidator(_held)]


class Band(Strict):
    """A named range of scores, from above the band before it up to ``up_to``."""

    code: ItemId
    up_to: Finite


class Item(Strict):
    """One question and the whole numbers it takes.

    ``named_by_person`` marks one whose subject the person chooses (a concern, in MYCaW);
    ``direction`` is the instrument's unless the item has its own.
    """

    id: ItemId
    wording: Sentence
    lowest: Answer
    highest: Answer
    labels: Mapping[str, Sentence] = Field({}, max_length=2 * _WIDEST)
    required: bool = True
    named_by_person: bool = False
    direction: Direction | None = None
    bands: tuple[Band, ...] = Field((), max_length=20)

    @property
    def allowed(self) -> str:
        """What an answer must be, as a sentence's end."""
        return f"must be a whole number from {self.lowest} to {self.highest}"

    def takes(self, answer: int | None) -> bool:
        """Whether this is a good answer; an item that is not required may have none."""
        if answer is None:
            return not self.required
        return self.lowest <= answer <= self.highest


class Lookup(Strict):
    """What a raw sum comes to."""

    raw: int
    metric: Finite


class Scoring(Strict):
    """How answers become scores.

    ``items``: each answer stands for itself and nothing is added up. ``sum`` and ``mean`` are
    of the answers; ``table`` looks their sum up, such as SWEMWBS's raw score to its metric.
    """

    method: Literal["items", "sum", "mean", "table"]
    table: tuple[Lookup, ...] = Field((), max_length=2000)


class Instrument(Strict):
    """An instrument as a pack states it. A changed pack needs a new ``version``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "porch-light",
                    "version": "1.0",
                    "title": "Porch Light Scale (an invented example)",
                    "licence": {"notice": "Porch Light Scale, 2026, example.org", "held": True},
                    "items": [
                        {"id": "warmth", "wording": "I felt warm", "lowest": 1, "highest": 3},
                        {"id": "light", "wording": "I saw light", "lowest": 1, "highest": 3},
                    ],
                    "scoring": {
                        "method": "table",
                        "table": [
                            {"raw": 2, "metric": 0},
                            {"raw": 3, "metric": 30.5},
                            {"raw": 4, "metric": 50},
                            {"raw": 5, "metric": 69.5},
                            {"raw": 6, "metric": 100},
                        ],
                    },
                    "direction": "higher_is_better",
                    "bands": [{"code": "dim", "up_to": 50}, {"code": "bright", "up_to": 100}],
                }
            ]
        }
    )

    id: ItemId
    version: Version
    title: Sentence
    licence: Licence
    items: tuple[Item, ...] = Field(max_length=_MOST_ITEMS)
    scoring: Scoring
    direction: Direction
    bands: tuple[Band, ...] = Field((), max_length=20)

    @field_validator("items")
    @classmethod
    def _some_item(cls, items: tuple[Item, ...]) -> tuple[Item, ...]:
        # min_length would also complain whenever the one item there is has a fault.
        if not items:
            raise PydanticCustomError("no_item", "must have at least one item")
        return items

    @property
    def has_total(self) -> bool:
        """Whether the answers come to one number."""
        return self.scoring.method != "items"

    @property
    def compared(self) -> Mapping[str, Direction]:
        """What shows a change, and which way is better: the total, else each item."""
        if self.has_total:
            return {TOTAL: self.direction}
        return {item.id: item.direction or self.direction for item in self.items}


class InstalledInstrument(Strict):
    """A version of an instrument as an organisation installed it for its tenant."""

    tenant: str
    instrument: Instrument
    installed_by_organisation: str
    installed_at: AwareDatetime


def check_instrument(pack: Instrument) -> None:
    """Raises Invalid naming each place where a pack contradicts itself."""
    errors = [*_item_faults(pack), *_scoring_faults(pack), *_band_faults(pack)]
    if pack.id in BUILT_IN:
        errors.append(FieldError("/id", "is an instrument that comes with Linkway"))
    if errors:
        raise Invalid("The pack does not hold together; errors names each place.", errors=errors)


def _item_faults(pack: Instrument) -> Iterator[FieldError]:
    known: set[str] = set()
    for n, item in enumerate(pack.items):
        if item.id in known or item.id == TOTAL:
            yield FieldError(f"/items/{n}/id", f'must be another than those before and "{TOTAL}"')
        known.add(item.id)
        if item.highest <= item.lowest:
            yield FieldError(f"/items/{n}/highest", "must be more than lowest")
        answers = {str(answer) for answer in range(item.lowest, item.highest + 1)}
        if not item.labels.keys() <= answers:
            yield FieldError(f"/items/{n}/labels", "must name answers from lowest to highest")
        yield from _ladder(item.bands, item.lowest, item.highest, f"/items/{n}/bands")
    if sum(item.named_by_person for item in pack.items) > _MOST_NAMED:
        yield FieldError("/items", f"may leave at most {_MOST_NAMED} to the person to name")
    if pack.has_total and not any(item.required for item in pack.items):
        yield FieldError("/items", "needs an item that is required, for there to be a total")


def _scoring_faults(pack: Instrument) -> Iterator[FieldError]:
    method, table = pack.scoring.method, pack.scoring.table
    if method != "table":
        if table:
            yield FieldError("/scoring/table", "belongs to the method table")
        return
    if not all(item.required for item in pack.items):
        yield FieldError("/items", "must all be required, for the raw sum to mean one thing")
    raws = [line.raw for line in table]
    lowest, highest = _sums(pack)
    if sorted(raws) != list(range(lowest, highest + 1)):
        yield FieldError(
            "/scoring/table", f"must have each raw sum from {lowest} to {highest} exactly once"
        )


def _band_faults(pack: Instrument) -> Iterator[FieldError]:
    if not pack.has_total:
        if pack.bands:
            yield FieldError("/bands", "belong to the items, as there is no total")
        return
    lowest, highest = _totals(pack)
    yield from _ladder(pack.bands, lowest, highest, "/bands")


def _ladder(bands: Sequence[Band], lowest: float, highest: float, at: str) -> Iterator[FieldError]:
    """Bands rise, each holds some score, and together they hold every score."""
    if not bands:
        return
    below: float | None = None
    for n, band in enumerate(bands):
        if band.up_to < lowest if below is None else band.up_to <= below:
            yield FieldError(f"{at}/{n}/up_to", "must be more than the band before ends with")
        below = band.up_to
    if bands[-1].up_to < highest:
        yield FieldError(f"{at}/{len(bands) - 1}/up_to", "must reach the highest score there is")
    if len({band.code for band in bands}) != len(bands):
        yield FieldError(at, "must each have a code of their own")


def _sums(pack: Instrument) -> tuple[int, int]:
    lowest = sum(item.lowest for item in pack.items if item.required or item.lowest < 0)
    highest = sum(item.highest for item in pack.items if item.required or item.highest > 0)
    return lowest, highest


def _totals(pack: Instrument) -> tuple[float, float]:
    """The lowest and highest total there can be."""
    if pack.scoring.method == "table":
        metrics = [line.metric for line in pack.scoring.table] or [0.0]
        return min(metrics), max(metrics)
    if pack.scoring.method == "mean":
        return min(item.lowest for item in pack.items), max(item.highest for item in pack.items)
    return _sums(pack)


def _load() -> Mapping[str, Instrument]:
    folder = files("services.outcomes").joinpath("instruments")
    packs = (
        Instrument.model_validate_json(file.read_bytes())
        for file in folder.iterdir()
        if file.name.endswith(".json")
    )
    return {pack.id: pack for pack in sorted(packs, key=lambda pack: pack.id)}


BUILT_IN: Mapping[str, Instrument] = _load()
"""The instruments that come with Linkway, by id: free to use, their sources in their notices."""
