"""Batches: rows that are judged one by one, so that bad ones do not stop good ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from pydantic import BaseModel, Field, SkipValidation, TypeAdapter, ValidationError

from services.directory.api.models import BatchResults, FieldFault, RowResult
from services.directory.domain import Id
from services.directory.handlers import Upserted
from shared.errors import Invalid
from shared.web import JsonBody, require_role
from shared.web.problems import invalid_body

MOST_ROWS = 500

Row = TypeVar("Row", bound=BaseModel)

CURATORS_ONLY = [Depends(require_role("directory_curator"))]

_ID = TypeAdapter(Id)


def rows_of(model: type[Row]) -> JsonBody:
    """The body of a batch: up to 500 rows, not yet validated, documented as ``model``."""
    row: Any = SkipValidation[model]  # type: ignore[valid-type] # only known here
    return JsonBody(Annotated[list[row], Field(min_length=1, max_length=MOST_ROWS)])


async def put_rows(
    model: type[Row],
    sent: Sequence[Any],
    put: Callable[[Sequence[Row]], Awaitable[Sequence[Upserted[Any] | Invalid]]],
) -> BatchResults:
    """Give the rows that are valid to ``put``; one result for each row, in the order sent."""
    read = _read(model, sent)
    outcomes = iter(await put([row for row in read if not isinstance(row, Invalid)]))
    results = (row if isinstance(row, Invalid) else next(outcomes) for row in read)
    return BatchResults(
        results=tuple(_result(row, result) for row, result in zip(sent, results, strict=True))
    )


def _read(model: type[Row], sent: Sequence[Any]) -> list[Row | Invalid]:
    read: list[Row | Invalid] = []
    seen: set[Any] = set()
    for each in sent:
        try:
            row = model.model_validate(each)
        except ValidationError as error:
            read.append(invalid_body(error))
            continue
        row_id = row.model_dump(include={"id"})["id"]
        if row_id in seen:
            read.append(_twice())
        else:
            read.append(row)
        seen.add(row_id)
    return read
