"""Instruments: installing them, listing them, and recording their answers."""

from __future__ import annotations

from services.outcomes import domain
from services.outcomes.domain import BUILT_IN, InstalledInstrument, Instrument, RecordMeasure
from services.outcomes.handlers.changing import Added, change_plan
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.store import Duplicate, Page, Saved


async def install_instrument(
    stores: Stores, pack: Instrument, cause: Cause
) -> Saved[InstalledInstrument]:
    """Install a version of an instrument for the tenant.

    Raises Invalid where the pack contradicts itself, Conflict where the version is there.
    """
    domain.check_instrument(pack)
    installed = InstalledInstrument(
        tenant=cause.actor.tenant,
        instrument=pack,
        installed_by_organisation=cause.actor.organisation,
        installed_at=cause.at,
    )
    document_id = stores.instruments.id_of(cause.actor.tenant, pack.id, pack.version)
    try:
        return await stores.instruments.insert(document_id, installed, (), cause)
    except Duplicate:
        raise Conflict(
            "This version is installed and never changes: give a changed pack a new version.",
            {"instrument": pack.id, "version": pack.version},
        ) from None


async def installed_instruments(
    stores: Stores, actor: Actor, *, limit: int, cursor: str | None
) -> Page[InstalledInstrument]:
    """What was installed for the actor's tenant, newest first."""
    return await stores.instruments.all(actor.tenant, limit=limit, cursor=cursor)


async def read_instrument(
    stores: Stores, tenant: str, instrument_id: str, version: str | None
) -> Instrument:
    """A version of an instrument, the newest where none is named. Raises NotFound."""
    built_in = BUILT_IN.get(instrument_id)
    if built_in is not None:
        if version not in {None, built_in.version}:
            raise NotFound("There is no such version of this instrument.")
        return built_in
    if version is None:
        newest = await stores.instruments.newest(instrument_id, tenant)
        if newest is None:
            raise NotFound("There is no such instrument.")
        return newest.instrument
    document_id = stores.instruments.id_of(tenant, instrument_id, version)
    return (await stores.instruments.get(document_id, tenant)).state.instrument


async def record_measure(
    stores: Stores, case_id: str, command: RecordMeasure, cause: Cause, *, if_match: int | None
) -> Added:
    """Record the answers to an instrument. Raises Invalid where it is not installed."""
    try:
        instrument = await read_instrument(
            stores, cause.actor.tenant, command.instrument, command.version
        )
    except NotFound:
        reason = "must be an instrument, in a version, that GET /instruments lists"
        raise Invalid(
            "The instrument is not installed.", errors=(FieldError("/instrument", reason),)
        ) from None
    measure_id = cause.make_id("measure")
    saved = await change_plan(
        stores,
        case_id,
        lambda plan: domain.record_measure(plan, instrument, command, measure_id, cause),
        cause,
        if_match,
    )
    return Added(measure_id, case_id, saved.version)
