"""The coded needs a service may answer: a small list, so that everyone codes alike."""

from __future__ import annotations

from collections.abc import Mapping
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


class Need(BaseModel):
    """One coded need: ``code`` on the wire, ``label`` for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    group: NeedGroup
    label: str


def _load() -> Mapping[str, Need]:
    text = files("services.directory").joinpath("needs.json").read_bytes()
    return {need.code: need for need in TypeAdapter(tuple[Need, ...]).validate_json(text)}


NEEDS: Mapping[str, Need] = _load()
"""Every need by its code, in the order people are shown them.

A code is never taken out of the list: services stored with it must still be read.
"""


def _known(code: str) -> str:
    if code not in NEEDS:
        raise PydanticCustomError(
            "unknown_need", "is not a known need; the codes allowed are those of GET /needs"
        )
    return code


NeedCode = Annotated[str, AfterValidator(_known)]
"""A code of the list; any other is refused, saying where the list is."""
