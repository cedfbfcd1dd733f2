"""Instruments and their answers."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.outcomes import handlers
from services.outcomes.api.answers import Kept, RecordReceipt, created
from services.outcomes.domain import (
    BUILT_IN,
    InstalledInstrument,
    Instrument,
    ItemId,
    RecordMeasure,
)
from shared.web import Acting, CauseOf, IfMatch, JsonBody, Listing, Paging

router = APIRouter(tags=["measures"])


class InstrumentReceipt(BaseModel):
    """The instrument and the version that can now be recorded."""

    id: str
    version: str
    status: Literal["installed"] = "installed"


class InstrumentView(Instrument):
    """An instrument as it is asked and scored; ``built_in`` comes with Linkway."""

    built_in: bool
    installed_by_organisation: str | None = None

    @classmethod
    def coming(cls, instrument: Instrument) -> InstrumentView:
        """One that comes with Linkway."""
        return cls.model_validate({**instrument.model_dump(), "built_in": True})

    @classmethod
    def of(cls, installed: InstalledInstrument) -> InstrumentView:
        """One that an organisation installed."""
        return cls.model_validate(
            {
                **installed.instrument.model_dump(),
                "built_in": False,
                "installed_by_organisation": installed.installed_by_organisation,
            }
        )


@router.post(
    "/plans/{case_id}/measures",
    status_code=201,
    response_model=RecordReceipt,
)
async def record_measure(
    case_id: str,
    body: Annotated[RecordMeasure, JsonBody(RecordMeasure)],
    cause: CauseOf,
    if_match: IfMatch,
    stores: Kept,
) -> Response:
    """Record the answers to an instrument.

    One of wellbeing; the plan then shows its scores. 409 on a closed plan unless the stage is
    final. 422 naming each item that is missing or out of range, and an instrument that is not
    installed.
    """
    added = await handlers.record_measure(stores, case_id, body, cause, if_match=if_match)
    return created(RecordReceipt.of(added))


@router.post(
    "/instruments",
    status_code=201,
    response_model=InstrumentReceipt,
)
async def install_instrument(
    body: Annotated[Instrument, JsonBody(Instrument)],
    cause: CauseOf,
    stores: Kept,
) -> Response:
    """Install an instrument.

    Your organisation holds its licence; it is for all teams of the tenant. A version never changes
    once it is installed: 409 where it is there already. 422 naming each place where the pack
    contradicts itself.
    """
    saved = await handlers.install_instrument(stores, body, cause)
    pack = saved.state.instrument
    receipt = InstrumentReceipt(id=pack.id, version=pack.version)
    location = {"Location": f"/instruments/{pack.id}?version={pack.version}"}
    return Response(receipt.model_dump_json(), 201, location, "application/json")


@router.get("/instruments")
async def list_instruments(actor: Acting, stores: Kept, page: Paging) -> Listing[InstrumentView]:
    """List instruments.

    Each that can be recorded, in every version: first those built in. Then those installed for your
    tenant, the newest first.
    """
    found = await handlers.installed_instruments(
        stores, actor, limit=page.limit, cursor=page.cursor
    )
    installed = [InstrumentView.of(saved.state) for saved in found.items]
    built_in = [InstrumentView.coming(each) for each in BUILT_IN.values()]
    return Listing(
        items=installed if page.cursor else [*built_in, *installed],
        next_cursor=found.next_cursor,
    )


@router.get("/instruments/{instrument_id}")
async def read_instrument(
    instrument_id: ItemId,
    actor: Acting,
    stores: Kept,
    version: Annotated[str | None, Query(max_length=40)] = None,
) -> Instrument:
    """Read an instrument.

    To ask from: the newest version, or the one named. 404 if not installed.
    """
    return await handlers.read_instrument(stores, actor.tenant, instrument_id, version)
