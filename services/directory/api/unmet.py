"""Routes of unmet need: noting that nothing was found, and the map of the gaps."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from services.directory import handlers
from services.directory.api.services import Held
from services.directory.domain import (
    SMALLEST_TOLD,
    By,
    Gap,
    NeedCode,
    UnmetReason,
    fields,
)
from services.directory.domain.words import District
from shared.clock import Clock
from shared.errors import FieldError, Invalid
from shared.web import Acting, CauseOf, JsonBody

router = APIRouter(tags=["unmet need"])

_BY: tuple[By, ...] = ("need", "area", "month", "reason")
_MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class NoteUnmetNeed(BaseModel):
    """What was looked for and not found; nothing about the person it was for."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "need_code": "loneliness",
                    "postcode_district": "ZZ1",
                    "reason_code": "no_service",
                }
            ]
        },
    )

    need_code: NeedCode
    postcode_district: District
    reason_code: UnmetReason


class UnmetNeedReceipt(BaseModel):
    """The note's own id."""

    id: str


class GapMap(BaseModel):
    """How often each need was not met; ``suppressed`` lines have their count left out."""

    by: tuple[By, ...]
    first_month: str
    last_month: str
    smallest_told: int = SMALLEST_TOLD
    items: tuple[Gap, ...]


@router.post(
    "/unmet-needs",
    status_code=201,
)
async def note_unmet_need(
    body: Annotated[NoteUnmetNeed, JsonBody(NoteUnmetNeed)], cause: CauseOf, stores: Held
) -> UnmetNeedReceipt:
    """Note that nothing was found for a need.

    Counted by need, area and month, for those who commission services. A referral that is declined
    for want of a place, or never answered, is counted by itself. Publishes `need-unmet`.
    """
    saved = await handlers.note_unmet_need(
        stores, body.need_code, body.postcode_district, body.reason_code, cause
    )
    return UnmetNeedReceipt(id=saved.id)


@router.get(
    "/unmet-needs",
    response_model=GapMap,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def count_unmet_needs(
    *,
    actor: Acting,
    request: Request,
    stores: Held,
    by: Annotated[
        str, Query(max_length=40, description="Any of `need,area,month,reason`, with commas.")
    ] = "need,area,month",
    from_: Annotated[
        str | None,
        Query(alias="from", pattern=_MONTH, description="The first month; else a year back."),
    ] = None,
    to: Annotated[
        str | None, Query(pattern=_MONTH, description="The last month; else the present one.")
    ] = None,
    format_: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Count the needs that were not met.

    Counts under five are left out, and where that leaves one gap in a line, one more. A need counts
    in the month it was found not to be met (in UTC); its area is the postcode district that was
    looked in, or that of the service that had no place.
    """
    asked = _read_by(by)
    clock: Clock = request.app.state.clock
    last = to or f"{clock.now():%Y-%m}"
    first = from_ or f"{int(last[:4]) - 1}{last[4:]}"
    gaps = await handlers.count_unmet_needs(stores, actor.tenant, asked, first, last)
    if format_ == "csv":
        return Response(_csv(asked, gaps), media_type="text/csv; charset=utf-8")
    found = GapMap(by=asked, first_month=first, last_month=last, items=tuple(gaps))
    shown = {*fields(asked), "count", "suppressed"}
    return Response(
        found.model_dump_json(exclude={"items": {"__all__": set(Gap.model_fields) - shown}}),
        media_type="application/json",
    )


def _read_by(by: str) -> tuple[By, ...]:
    given = tuple(dict.fromkeys(re.split(r"\s*,\s*", by.strip())))
    asked = tuple(each for each in _BY if each in given)
    if len(asked) != len(given):
        reason = f"must be some of {','.join(_BY)}"
        raise Invalid("The count cannot be made.", errors=[FieldError("/query/by", reason)])
    return asked


def _csv(by: Sequence[By], gaps: Sequence[Gap]) -> str:
    text = io.StringIO()
    names = [*fields(by), "count", "suppressed"]
    table = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    for gap in gaps:
        table.writerow(gap.model_dump() | {"suppressed": str(gap.suppressed).lower()})
    return text.getvalue()
