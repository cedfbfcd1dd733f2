"""Subject access over HTTP: what the directory holds about a person's referrals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from services.directory.api.services import Held
from services.directory.store import key
from shared.web import Acting

router = APIRouter(tags=["privacy"])

_ID = r"^[A-Za-z0-9._-]{1,64}$"
Ids = Annotated[
    list[Annotated[str, Query(pattern=_ID)]], Query(default_factory=list, max_length=200)
]


class ExportedPlace(BaseModel):
    """A place that a referral holds, held or waits for; by the names of service and group."""

    referral_id: str
    service: str
    organisation: str
    status: str
    waiting_since: datetime | None


class PlacesExport(BaseModel):
    """The directory knows no persons: only places, by the ids of referrals."""

    person_id: str
    places: list[ExportedPlace]


@router.get("/persons/{person_id}/export", response_model=PlacesExport)
async def export_person(
    person_id: Annotated[str, Path(pattern=_ID)],
    actor: Acting,
    stores: Held,
    *,
    referral_id: Ids,
    service_id: Ids,
) -> PlacesExport:
    """Copy the places that a person's referrals hold.

    For a subject access request. The directory knows no persons, so name their referrals, and the
    services these went to.
    """
    wanted = dict.fromkeys(referral_id)
    found = await stores.services.get_many(
        [key(actor.tenant, each) for each in dict.fromkeys(service_id)], actor.tenant
    )
    return PlacesExport(
        person_id=person_id,
        places=[
            ExportedPlace(
                referral_id=each,
                service=saved.state.listing.name,
                organisation=saved.state.listing.organization.name,
                status=hold.status,
                waiting_since=hold.since,
            )
            for saved in found.values()
            for each, hold in saved.state.holds.items()
            if each in wanted
        ],
    )
