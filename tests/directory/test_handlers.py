import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.directory import handlers
from services.directory.domain import Listing, Organisation, Point, Service
from services.directory.handlers import Upserted
from services.directory.store import Stores, key
from shared.cause import Actor, Cause
from shared.errors import Conflict, Invalid, KeyReused, NotFound, PreconditionFailed
from shared.events import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralWaitlisted,
)
from shared.ids import new_id
from tests.directory.examples import (
    CURATOR,
    DISTRICTS,
    NOON,
    PROVIDER,
    TENANT,
    because,
    fact,
    listing,
)

DIRECTORY = Actor("directory", "service", "org-team", TENANT)
PLACES = {"unit": "places", "maximum": 2}


def outcomes(results: Sequence[Upserted[Any] | Invalid]) -> list[str]:
    return [each.outcome if isinstance(each, Upserted) else "invalid" for each in results]


async def told(stores: Stores) -> list[str]:
    """The facts that wait to be published, in the order of each service."""
    unsent = await stores.services.collection.unsent(range(16), 1000)
    return sorted(f"{entry.subject} {entry.type}" for each in unsent for entry in each.entries)


async def load(stores: Stores, *listings: Listing, cause: Cause | None = None) -> list[str]:
    return outcomes(await handlers.put_services(stores, listings, cause or because()))


async def state(stores: Stores, service_id: str = "svc-1") -> Service:
    return (await handlers.get_service(stores, service_id, TENANT)).state


# Loading


async def test_the_same_batch_twice_changes_nothing(stores: Stores) -> None:
    batch = [listing(id=f"svc-{n}", capacity=PLACES) for n in range(30)]
    assert await load(stores, *batch) == ["created"] * 30
    facts = await told(stores)
    assert len(facts) == 60
    assert await load(stores, *batch) == ["unchanged"] * 30
    assert await told(stores) == facts
    assert (await handlers.get_service(stores, "svc-7", TENANT)).version == 1


async def test_only_what_differs_is_changed(stores: Stores) -> None:
    await load(stores, listing(id="a"), listing(id="b"))
    assert await load(stores, listing(id="a"), listing(id="b", name="Renamed")) == [
        "unchanged",
        "changed",
    ]
    assert await told(stores) == [
        "a service-published",
        "b service-changed",
        "b service-published",
    ]


async def test_a_repeated_import_keeps_held_places(stores: Stores) -> None:
    await load(stores, listing(capacity=PLACES))
    await handlers.follow_referral(stores, fact(ReferralCreated, 1), because())
    assert await load(stores, listing(capacity=PLACES)) == ["unchanged"]
    assert await load(stores, listing(capacity=PLACES, name="Renamed")) == ["changed"]
    assert (await state(stores)).available == 1


async def test_a_service_closed_by_hand_is_one_refused_row_and_its_neighbours_load(
    stores: Stores,
) -> None:
    await load(stores, listing(id="a"), listing(id="b"))
    await handlers.close_service(stores, "a", "funding_ended", because(), None)
    new = [listing(id=each, name="Anew") for each in ("a", "b", "c")]
    assert await load(stores, *new) == ["invalid", "changed", "created"]
    reopened = await handlers.put_service(stores, new[0], because(), None)
    assert (reopened.outcome, reopened.saved.state.listing.status) == ("changed", "active")


async def test_two_loads_at_once_create_each_service_once(stores: Stores) -> None:
    batch = [listing(id=f"svc-{n}") for n in range(20)]
    one, other = await asyncio.gather(load(stores, *batch), load(stores, *batch))
    assert sorted(one + other) == ["created"] * 20 + ["unchanged"] * 20
    assert len(await told(stores)) == 20


async def test_one_key_cannot_stand_for_two_batches(stores: Stores) -> None:
    first = Cause("key-1", CURATOR, NOON, digest="one", repeatable=True)
    other = Cause("key-1", CURATOR, NOON, digest="other", repeatable=True)
    assert await load(stores, listing(), cause=first) == ["created"]
    assert await load(stores, listing(), cause=first) == ["created"]
    with pytest.raises(KeyReused):
        await load(stores, listing(name="Renamed"), cause=other)


async def test_a_repeated_request_does_not_undo_what_was_said_since(stores: Stores) -> None:
    await load(stores, listing())
    keyed = Cause("key-2", CURATOR, NOON, digest="one", repeatable=True)
    assert await load(stores, listing(name="First"), cause=keyed) == ["changed"]
    await load(stores, listing(name="Since"))
    assert await load(stores, listing(name="First"), cause=keyed) == ["changed"]
    assert (await state(stores)).listing.name == "Since"


async def test_each_tenant_has_its_own_service_of_an_id(stores: Stores) -> None:
    elsewhere = replace(CURATOR, organisation="org-other", tenant="icb-other")
    await load(stores, listing())
    assert await load(stores, listing(name="Theirs"), cause=because(elsewhere)) == ["created"]
    assert (await state(stores)).listing.name == "Growing Together"
    with pytest.raises(NotFound):
        await handlers.get_service(stores, "svc-1", "icb-third")


async def test_a_location_without_a_place_is_found_by_its_postcode(stores: Stores) -> None:
    await load(stores, listing(locations=[{"postal_code": "ZZ1 4AB"}]))
    assert (await state(stores)).points == ()
    await handlers.put_districts(stores, DISTRICTS, because())
    assert await load(stores, listing(locations=[{"postal_code": "ZZ1 4AB"}])) == ["changed"]
    assert (await state(stores)).points == (Point(latitude=53.0, longitude=-1.5),)
    assert await told(stores) == ["svc-1 service-published"]


# Stating and closing one


async def test_a_provider_states_its_own_service_and_no_other(stores: Stores) -> None:
    mine = await handlers.put_service(stores, listing(), because(PROVIDER), None)
    assert mine.outcome == "created"
    others = {"id": "org-other", "name": "Someone Else"}
    await load(stores, listing(id="theirs", organization=others))
    with pytest.raises(NotFound):
        await handlers.put_service(stores, listing(id="theirs"), because(PROVIDER), None)
    with pytest.raises(NotFound):
        await handlers.close_service(stores, "theirs", "other", because(PROVIDER), None)
    assert (await state(stores, "theirs")).listing.organization.id == "org-other"


async def test_a_stale_version_changes_nothing(stores: Stores) -> None:
    await load(stores, listing())
    await load(stores, listing(name="Renamed"))
    with pytest.raises(PreconditionFailed):
        await handlers.put_service(stores, listing(name="Stale"), because(), 1)
    with pytest.raises(PreconditionFailed):
        await handlers.put_service(stores, listing(id="not-yet"), because(), 1)
    with pytest.raises(PreconditionFailed):
        await handlers.close_service(stores, "svc-1", "other", because(), 1)
    assert (await state(stores)).listing.name == "Renamed"


async def test_closing_twice_is_a_conflict_and_repeating_the_same_request_is_not(
    stores: Stores,
) -> None:
    await load(stores, listing())
    cause = Cause("key-2", CURATOR, NOON, digest="one", repeatable=True)
    closed = await handlers.close_service(stores, "svc-1", "replaced", cause, None)
    repeated = await handlers.close_service(stores, "svc-1", "replaced", cause, None)
    assert (repeated.repeated, repeated.version) == (True, closed.version)
    with pytest.raises(Conflict):
        await handlers.close_service(stores, "svc-1", "replaced", because(), None)


# Places


async def test_facts_of_many_referrals_at_once_all_count(stores: Stores) -> None:
    await load(stores, listing(capacity={"unit": "places", "maximum": 40}))
    made = [fact(ReferralCreated, 1, f"r-{n}") for n in range(30)]
    ended = [fact(ReferralDeclined, 2, f"r-{n}") for n in range(10)]
    await asyncio.gather(
        *(handlers.follow_referral(stores, each, because()) for each in [*made, *ended, *made])
    )
    assert (await state(stores)).available == 20


async def test_a_life_of_a_referral_tells_each_move_of_the_free_places(stores: Stores) -> None:
    await load(stores, listing(capacity=PLACES))
    for each in (
        fact(ReferralCreated, 1),
        fact(ReferralWaitlisted, 2),
        fact(ReferralAccepted, 3),
        fact(ReferralCompleted, 7),
    ):
        await handlers.follow_referral(stores, each, because())
    saved = await handlers.get_service(stores, "svc-1", TENANT)
    assert [line.type for line in saved.history] == [
        "service-published",
        "capacity-changed",
        "capacity-changed",
        "capacity-changed",
        "capacity-changed",
        "capacity-changed",
    ]
    assert saved.state.available == 2


async def test_a_fact_about_a_service_that_is_not_known_changes_nothing(stores: Stores) -> None:
    await load(stores, listing(id="team", service_role="link_worker_team"))
    await handlers.follow_referral(stores, fact(ReferralCreated, 1), because())
    intake = fact(ReferralCreated, 1, referral_kind="intake", service_id="team")
    await handlers.follow_referral(stores, intake, because())
    assert (await handlers.get_service(stores, "team", TENANT)).version == 1
    assert await stores.services.count(TENANT) == 1


async def test_a_service_does_not_grow_by_what_is_idempotent_by_nature(stores: Stores) -> None:
    await load(stores, listing(capacity=PLACES))
    for name in ("Renamed", "Renamed again"):
        await load(stores, listing(name=name))
    for each in (fact(ReferralCreated, 1), fact(ReferralAccepted, 2)):
        event = Cause(new_id(), DIRECTORY, NOON, repeatable=True)
        await handlers.follow_referral(stores, each, event)
    document_id = key(TENANT, "svc-1")
    document = (await stores.services.collection.read([document_id]))[document_id]
    assert (document["version"], document["seen"]) == (5, [])


# Registers


async def test_organisations_are_listed_by_kind_district_and_status(stores: Stores) -> None:
    batch = [
        {"id": "Y90001", "name": "Fernley Surgery", "kind": "practice"},
        {"id": "Y90002", "name": "Old Surgery", "kind": "practice", "status": "closed"},
        {"id": "org-1", "name": "Fernley Allotments", "kind": "provider"},
    ]
    read = [
        Organisation.model_validate(each | {"address": {"postal_code": f"ZZ{n}1AA"}})
        for n, each in enumerate(batch, start=1)
    ]
    assert outcomes(await handlers.put_organisations(stores, read, because())) == ["created"] * 3
    assert outcomes(await handlers.put_organisations(stores, read, because())) == ["unchanged"] * 3

    async def ids(**wanted: Any) -> list[str]:
        asked = {"kind": None, "district": None, "status": None, **wanted}
        page = await handlers.list_organisations(stores, TENANT, limit=9, cursor=None, **asked)
        return sorted(saved.state.organisation.id for saved in page.items)

    assert await ids() == ["Y90001", "Y90002", "org-1"]
    assert await ids(kind="practice") == ["Y90001", "Y90002"]
    assert await ids(kind="practice", status="active") == ["Y90001"]
    assert await ids(district="ZZ3") == ["org-1"]
