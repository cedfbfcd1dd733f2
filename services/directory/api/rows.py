"""Batches: rows that are judged one by one, so that bad ones do not stop good ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import Field, SkipValidation, TypeAdapter, ValidationError

from services.directory.api import examples
from services.directory.api.models import BatchResults, FieldFault, RowResult
from services.directory.domain import Id, Listing, Organisation, PostcodeDistrict
from services.directory.handlers import Upserted
from shared.errors import FieldError, Invalid
from shared.web.problems import invalid_body

MOST_ROWS = 500

Row = TypeVar("Row", Listing, Organisation, PostcodeDistrict)


def _rows(example: dict[str, Any]) -> Any:
    return Field(min_length=1, max_length=MOST_ROWS, examples=[[example]])


ServiceRows = Annotated[list[SkipValidation[Listing]], _rows(examples.SERVICE)]
OrganisationRows = Annotated[list[SkipValidation[Organisation]], _rows(examples.ORGANISATION)]
DistrictRows = Annotated[list[SkipValidation[PostcodeDistrict]], _rows(examples.DISTRICT)]
"""Documented as rows of the model, taken as any JSON: ``put_rows`` validates each."""

_ID = TypeAdapter(Id)


async def put_rows(
    model: type[Row],
    sent: Sequence[Any],
    put: Callable[[Sequence[Row]], Awaitable[Sequence[Upserted[Any] | Invalid]]],
) -> BatchResults:
    """Give the rows that are valid to ``put``; one result for each row, in the order sent."""
    good: dict[int, Row] = {}
    outcomes: dict[int, Upserted[Any] | Invalid] = {}
    seen: set[str] = set()
    for n, each in enumerate(sent):
        try:
            row = model.model_validate(each)
        except ValidationError as error:
            outcomes[n] = invalid_body(error)
            continue
        if row.id in seen:
            outcomes[n] = _twice()
        else:
            good[n] = row
        seen.add(row.id)
    outcomes |= zip(good, await put(list(good.values())), strict=True)
    return BatchResults(
        results=tuple(
            _result(good[n].id if n in good else _usable_id(each), outcomes[n])
            for n, each in enumerate(sent)
        )
    )


def _result(row_id: str | None, outcome: Upserted[Any] | Invalid) -> RowResult:
    if isinstance(outcome, Upserted):
        return RowResult(id=row_id, outcome=outcome.outcome)
    faults = (FieldFault(pointer=each.pointer, reason=each.reason) for each in outcome.errors)
    return RowResult(id=row_id, outcome="invalid", errors=tuple(faults))


def _usable_id(row: Any) -> str | None:
    """The id of a refused row, if it has one that may be said back."""
    try:
        return _ID.validate_python(row.get("id") if isinstance(row, dict) else None)
    except ValidationError:
        return None


def _twice() -> Invalid:
    reason = "must differ from the ids of the rows before: only the first of them counts"
    return Invalid("A row came twice.", errors=[FieldError("/id", reason)])
