"""The words and small types that plans are made of."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

PlanStatus = Literal["open", "closed", "entered_in_error"]
"""Where a case stands; one entered in error counts nowhere (FHIR EpisodeOfCare.status)."""

ReferralStatus = Literal[
    "submitted",
    "info_requested",
    "waitlisted",
    "accepted",
    "in_progress",
    "on_hold",
    "completed",
    "not_completed",
    "declined",
    "expired",
    "withdrawn",
    "entered_in_error",
    "given",
    "followed_up",
]
"""Where a referral stands as far as its facts have told: the referral service's own words,
without ``draft``, of which no fact tells. A signpost is ``given``, then ``followed_up``.
"""

ContactStatus = Literal[
    "proposed",
    "booked",
    "arrived",
    "attended",
    "missed",
    "cancelled",
    "rescheduled",
    "entered_in_error",
]
"""What became of an appointment; ``rescheduled`` is one called off for another in its place."""

NeedGroup = Literal[
    "physical_health",
    "mental_wellbeing",
    "social_connection",
    "housing",
    "money_and_work",
    "learning_and_volunteering",
    "practical_support",
]
"""The seven groups a whole life is looked at in; the directory lists its coded needs in them."""

StatedBy = Literal["person", "worker"]
"""Whose judgement a number is."""

Direction = Literal["higher_is_better", "lower_is_better"]

ItemId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=40)]
"""A short word for an instrument, an item or a band."""

Stage = Literal["baseline", "review", "final"]

_NEED_CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NEED_CODE_LENGTH = 64


def _need_code(text: str) -> str:
    if len(text) > _NEED_CODE_LENGTH or not _NEED_CODE.fullmatch(text):
        raise PydanticCustomError(
            "need_code",
            "must be lower-case words joined by hyphens or underscores, at most 64 characters",
        )
    return text


NeedCode = Annotated[str, AfterValidator(_need_code)]
"""A coded need by its form; which codes there are is the directory's to say."""

ZeroToTen = Annotated[int, Field(ge=0, le=10, strict=True)]
"""A whole number people choose on a line from 0 to 10."""

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""A person's own words, kept short enough to stand on a card."""

Remark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
"""A link worker's free text about one step."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
"""A link worker's free text about the whole person. With the number of each thing a plan
holds bounded as well, a plan stays under MongoDB's 16 MB a document.
"""


class Strict(BaseModel):
    """A frozen value that takes no word it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
