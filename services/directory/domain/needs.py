"""The coded needs a service may answer: a small list, so that everyone codes alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter
from pydantic_core import PydanticCustomError

NeedGroup = Literal[
    "physical_health",
    "mental_wellbeing",
    "social_connection",
    "housing",
    "money_and_work",
    "learning_and_volunteering",
    "practical_support",
]


class NeedTerm(BaseModel):
    """A word for services that answer a need; ``taxonomy`` says which list it is of.

    The words of ``linkway-needs`` are our own: no published list is copied here, as their
    licences would go with them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    taxonomy: str
    name: str


class Need(BaseModel):
    """One coded need: ``code`` on the wire, ``label`` for people.

    ``taxonomy_terms`` are the words that mean it where a source uses them as terms, besides
    the code and the label. ``snomed_ct`` is a concept id, null until a terminologist has verified
    one: a wrong code in a person's record is worse than none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    group: NeedGroup
    label: str
    taxonomy_terms: tuple[NeedTerm, ...] = ()
    snomed_ct: str | None = None


def _load() -> Mapping[str, Need]:
    text = files("services.directory").joinpath("needs.json").read_bytes()
    return {need.code: need for need in TypeAdapter(tuple[Need, ...]).validate_json(text)}


NEEDS: Mapping[str, Need] = _load()
"""Every need by its code, in the order people are shown them.

A code is never taken out of the list: services stored with it must still be read.
"""


def _by_term() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for need in NEEDS.values():
        words = (need.code, need.label, *(term.name for term in need.taxonomy_terms))
        for name in dict.fromkeys(map(str.casefold, words)):
            found.setdefault(name, []).append(need.code)
    return {name: tuple(codes) for name, codes in found.items()}


_BY_TERM = _by_term()


def needs_of_terms(names: Iterable[str]) -> tuple[str, ...]:
    """The needs that words of a taxonomy mean, whatever their case; unknown words mean none."""
    codes = (code for name in names for code in _BY_TERM.get(name.strip().casefold(), ()))
    return tuple(dict.fromkeys(codes))


def _known(code: str) -> str:
    if code not in NEEDS:
        raise PydanticCustomError(
            "unknown_need", "is not a known need; the codes allowed are those of GET /needs"
        )
    return code


NeedCode = Annotated[str, AfterValidator(_known)]
"""A code of the list; any other is refused, saying where the list is."""
