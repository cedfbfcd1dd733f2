"""The registers of organisations and postcode districts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.directory.domain import (
    DistrictRecord,
    Organisation,
    OrganisationKind,
    OrganisationRecord,
    OrganisationStatus,
    PostcodeDistrict,
    state_organisation,
)
from services.directory.handlers.tree import circular
from services.directory.handlers.upsert import Upserted, upsert
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import Invalid
from shared.events import OrganisationChanged
from shared.store import Page, Saved


async def put_organisations(
    stores: Stores, organisations: Sequence[Organisation], cause: Cause
) -> Sequence[Upserted[OrganisationRecord] | Invalid]:
    """Store many organisations at once; the answers are in the order given.

    One that would become part of itself is answered with what is wrong.
    """
    tenant = cause.actor.tenant
    wrong = await circular(stores, organisations, cause)

    async def put(organisation: Organisation) -> Upserted[OrganisationRecord] | Invalid:
        if organisation.id in wrong:
            return wrong[organisation.id]

        def change(
            known: OrganisationRecord | None,
        ) -> tuple[OrganisationRecord, Sequence[OrganisationChanged]]:
            return state_organisation(known, organisation, cause)

        return await upsert(
            stores.organisations,
            key(tenant, organisation.id),
            lambda: change(None),
            change,
            cause,
        )

    return await asyncio.gather(*map(put, organisations))


async def put_districts(
    stores: Stores, districts: Sequence[PostcodeDistrict], cause: Cause
) -> Sequence[Upserted[DistrictRecord]]:
    """Store many postcode districts at once; the answers are in the order given."""
    tenant = cause.actor.tenant

    async def put(district: PostcodeDistrict) -> Upserted[DistrictRecord]:
        record = DistrictRecord(tenant=tenant, district=district)
        return await upsert(
            stores.districts,
            key(tenant, district.id),
            lambda: (record, ()),
            lambda _: (record, ()),
            cause,
        )

    return await asyncio.gather(*map(put, districts))


async def get_organisation(
    stores: Stores, organisation_id: str, tenant: str
) -> Saved[OrganisationRecord]:
    """One organisation."""
    return await stores.organisations.get(key(tenant, organisation_id), tenant)


async def list_organisations(
    stores: Stores,
    tenant: str,
    *,
    kind: OrganisationKind | None,
    district: str | None,
    status: OrganisationStatus | None,
    limit: int,
    cursor: str | None,
) -> Page[OrganisationRecord]:
    """Organisations, the latest first; each condition that is given must hold."""
    wanted = {"facets.kind": kind, "facets.district": district, "facets.status": status}
    where = {path: value for path, value in wanted.items() if value is not None}
    return await stores.organisations.find(tenant, where, limit=limit, cursor=cursor)
