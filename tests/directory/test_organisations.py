"""Organisations: told where others go by it, and their services close with them."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.directory import handlers
from services.directory.domain import Organisation, Service
from services.directory.store import Stores
from shared.events import EventActor, OrganisationChanged
from tests.directory.examples import ALLOTMENTS, NOON, PROVIDER, TENANT, because, listing


def organisation(**said: Any) -> Organisation:
    return Organisation.model_validate(
        {"id": "org-allotments", "name": "Fernley Allotments", "kind": "provider", **said}
    )


def closing(status: str = "closed") -> OrganisationChanged:
    return OrganisationChanged(
        tenant=TENANT,
        seq=2,
        occurred_at=NOON,
        actor=EventActor(role="directory_curator", organisation="org-council"),
        organisation_id="org-allotments",
        kind="provider",
        status=status,
    )


async def told(stores: Stores) -> list[dict[str, Any]]:
    unsent = await stores.organisations.collection.unsent(range(16), 100)
    kinds = [entry.type for each in unsent for entry in each.entries]
    assert set(kinds) <= {"organisation-changed"}
    return [
        OrganisationChanged.model_validate_json(entry.data).model_dump(
            include={"kind", "status", "part_of", "seq"}
        )
        for each in unsent
        for entry in each.entries
    ]


async def put(stores: Stores, **said: Any) -> None:
    await handlers.put_organisations(stores, [organisation(**said)], because())


async def test_only_what_others_go_by_is_told(stores: Stores) -> None:
    await put(stores)
    await put(stores, name="Renamed", telephone="07700 900123")
    await put(stores, part_of="org-umbrella")
    await put(stores, part_of="org-umbrella")
    await put(stores, part_of="org-umbrella", status="closed")
    assert await told(stores) == [
        {"kind": "provider", "status": "active", "part_of": None, "seq": 1},
        {"kind": "provider", "status": "active", "part_of": "org-umbrella", "seq": 2},
        {"kind": "provider", "status": "closed", "part_of": "org-umbrella", "seq": 3},
    ]


def test_an_organisation_is_not_part_of_itself() -> None:
    with pytest.raises(ValidationError, match="must be another organisation"):
        organisation(part_of="org-allotments")


async def statuses(stores: Stores) -> dict[str, str]:
    page = await stores.services.find(TENANT, limit=200)
    return {saved.state.listing.id: saved.state.listing.status for saved in page.items}


async def closed_facts(stores: Stores) -> list[str]:
    unsent = await stores.services.collection.unsent(range(16), 500)
    return sorted(
        entry.subject for each in unsent for entry in each.entries if entry.type == "service-closed"
    )


async def test_service_or_organisation_closes(stores: Stores) -> None:
    """An organisation's services close with it, once, whatever comes again; no other's do."""
    theirs = {"id": "org-other", "name": "Someone Else"}
    many = [listing(id=f"svc-{n:03}", organization=ALLOTMENTS) for n in range(120)]
    resting = listing(id="resting", status="temporarily closed")
    await handlers.put_services(
        stores, [*many, resting, listing(id="theirs", organization=theirs)], because()
    )
    await handlers.close_service(stores, "svc-000", "replaced", because(PROVIDER), None)
    await put(stores, status="closed")
    for _ in range(3):
        await handlers.close_services_of(stores, closing(), because())
    found = await statuses(stores)
    assert found.pop("theirs") == "active"
    assert set(found.values()) == {"defunct"}
    assert await closed_facts(stores) == sorted(["resting", *(f"svc-{n:03}" for n in range(120))])
    first: Service = (await handlers.get_service(stores, "svc-000", TENANT)).state
    assert first.closure is not None
    assert first.closure.reason_code == "replaced"


async def test_an_organisation_that_is_open_again_closes_nothing_however_late_that_is_heard(
    stores: Stores,
) -> None:
    await handlers.put_services(stores, [listing()], because())
    await put(stores, status="closed")
    await put(stores, status="active")
    await handlers.close_services_of(stores, closing(), because())
    await handlers.close_services_of(stores, closing("active"), because())
    assert await statuses(stores) == {"svc-1": "active"}
