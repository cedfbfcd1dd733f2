"""Freshness: asked in time, once, by whichever replica; confirmed by hand or by a link."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from services.directory import handlers
from services.directory.clock import AssuranceClock
from services.directory.domain import (
    AssuranceRules,
    Service,
    ask,
    assure,
    close,
    confirm,
    next_asking,
    publish,
    restate,
)
from services.directory.store import Services, Stores
from shared.cause import Actor
from shared.errors import Conflict, NotFound
from shared.events import Event
from shared.store import Database
from tests.directory.examples import (
    PROVIDER,
    TENANT,
    because,
    listing,
)

RULES = AssuranceRules()
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK = Actor("directory", "service", "org-allotments", TENANT)


def day(number: int) -> datetime:
    """So many days after New Year."""
    return NEW_YEAR + timedelta(days=number)


def assured(on: str = "2026-01-01", **said: object) -> Service:
    return publish(listing(assured_date=on, **said), (), because(at=day(20)))[0]


def asked(service: Service, at: datetime) -> tuple[Service, list[str]]:
    after, events = ask(service, because(CLOCK, at), RULES)
    return after, [event.model_dump()["stage"] for event in events]


# The rule


def test_asked_180_days_after_the_last_confirmation_then_14_and_28_days_after_that() -> None:
    service = assured()
    told = []
    for number in range(400):
        service, stages = asked(service, day(number))
        told += [(number, stage) for stage in stages]
    assert told == [(180, "first"), (194, "second"), (208, "stale")]
    assert next_asking(service, RULES) is None


def test_a_listing_never_confirmed_is_asked_about_180_days_after_it_was_published() -> None:
    service = publish(listing(), (), because(at=day(3)))[0]
    assert next_asking(service, RULES) == (day(183), "first")


def test_who_was_asked_late_has_as_long_to_answer() -> None:
    service, stages = asked(assured("2023-05-01"), day(30))
    assert stages == ["first"]
    assert next_asking(service, RULES) == (day(44), "second")
    service, stages = asked(service, day(300))
    assert (stages, next_asking(service, RULES)) == (["second"], (day(58), "stale"))


@pytest.mark.parametrize("status", ["inactive", "temporarily closed", "defunct"])
def test_nothing_is_asked_of_a_service_that_is_not_active(status: str) -> None:
    assert next_asking(assured(status=status), RULES) is None


def test_the_same_time_twice_asks_once() -> None:
    service, first = asked(assured(), day(180))
    _, again = asked(service, day(180))
    assert (first, again) == (["first"], [])


def test_confirming_sets_the_date_tells_it_and_begins_anew() -> None:
    service, _ = asked(assured(), day(181))
    service, events = assure(service, because(PROVIDER, day(182)))
    assert [(event.type, event.model_dump()["assured_date"]) for event in events] == [
        ("service-assured", date(2026, 7, 2))
    ]
    assert service.listing.assured_date == date(2026, 7, 2)
    assert next_asking(service, RULES) == (day(182 + 180), "first")


def test_confirming_is_not_changing() -> None:
    before = assured()
    after, _ = assure(before, because(PROVIDER, day(100)))
    assert after.listing.last_modified == before.listing.last_modified


def test_confirming_twice_on_one_day_tells_it_once() -> None:
    once, _ = assure(assured(), because(PROVIDER, day(100)))
    assert assure(once, because(PROVIDER, day(100) + timedelta(hours=5))) == (once, ())


def test_what_is_closed_cannot_be_confirmed() -> None:
    closed, _ = close(assured(), "other", because())
    with pytest.raises(Conflict) as caught:
        assure(closed, because())
    assert caught.value.context["current_status"] == "defunct"


def test_an_import_with_an_older_date_does_not_undo_a_confirmation() -> None:
    confirmed, _ = assure(assured(), because(PROVIDER, day(100)))
    again, events = restate(
        confirmed, listing(assured_date="2026-01-01"), (), because(at=day(101)), reopen=False
    )
    assert (again, events) == (confirmed, ())
    bare, _ = restate(confirmed, listing(), (), because(at=day(101)), reopen=False)
    assert bare.listing.assured_date == date(2026, 4, 11)


def test_an_import_with_a_later_date_begins_anew() -> None:
    service, _ = asked(assured(), day(180))
    later = listing(assured_date="2026-07-01")
    service, _ = restate(service, later, (), because(at=day(190)), reopen=False)
    assert next_asking(service, RULES) == (day(181 + 180), "first")


def test_a_link_is_no_good_once_another_organisation_runs_the_service() -> None:
    with pytest.raises(NotFound):
        confirm(assured(), "org-other", because())


def test_events_say_nothing_of_the_listing() -> None:
    _, events = ask(assured(description="secret words"), because(CLOCK, day(180)), RULES)
    assert "secret words" not in "".join(map(Event.model_dump_json, events))


# The clock, on a real database


async def told(stores: Stores) -> list[str]:
    unsent = await stores.services.collection.unsent(range(16), 1000)
    return sorted(
        entry.subject for each in unsent for entry in each.entries if entry.type.endswith("-due")
    )


async def test_two_clocks_at_once_ask_each_organisation_once(
    stores: Stores, database: Database, mongo_uri: str
) -> None:
    fresh = [listing(id=f"fresh-{n}", assured_date="2026-06-01") for n in range(20)]
    due = [listing(id=f"due-{n:03}", assured_date="2026-01-01") for n in range(150)]
    await handlers.put_services(stores, [*fresh, *due], because(at=day(3)))
    other = Database.connect(mongo_uri, database._database.name)
    replica = Stores(
        services=Services(other.collection("services")),
        organisations=stores.organisations,
        districts=stores.districts,
        unmet=stores.unmet,
        erasures=stores.erasures,
    )
    now = day(180)
    clocks = [
        AssuranceClock(each, RULES, poll=timedelta(hours=1), now=lambda: now)
        for each in (stores, replica, stores, replica)
    ]

    async def work_off(clock: AssuranceClock) -> None:
        while await clock.tick():
            pass

    await asyncio.gather(*map(work_off, clocks))
    assert await told(stores) == [f"due-{n:03}" for n in range(150)]
    await asyncio.gather(*map(work_off, clocks))
    assert len(await told(stores)) == 150
    now = day(194)
    await asyncio.gather(*map(work_off, clocks))
    assert len(await told(stores)) == 300
    await other.close()


async def test_the_clock_goes_on_where_it_was_after_a_restart(stores: Stores) -> None:
    await handlers.put_services(stores, [listing(assured_date="2026-01-01")], because(at=day(3)))
    claimed = await stores.services.claim_due(day(180), timedelta(minutes=5), 10)
    assert len(claimed) == 1  # and then the process died
    later = AssuranceClock(
        stores,
        RULES,
        poll=timedelta(hours=1),
        now=lambda: day(180) + timedelta(minutes=6),
    )
    assert await later.tick() == 1
    assert await told(stores) == ["svc-1"]
    assert await later.tick() == 0


async def test_longer_terms_set_the_clock_anew_instead_of_looking_again_and_again(
    stores: Stores,
) -> None:
    await handlers.put_services(stores, [listing(assured_date="2026-01-01")], because(at=day(3)))
    patient = AssuranceRules(first=timedelta(days=365))
    stores.services._rules = patient
    clock = AssuranceClock(stores, patient, poll=timedelta(hours=1), now=lambda: day(180))
    assert await clock.tick() == 1
    assert await told(stores) == []
    assert await stores.services.collection.next_due() == day(365).replace(tzinfo=UTC)


async def test_stale_listing(stores: Stores) -> None:
    """Asked twice without an answer, it is called stale and no more is asked."""
    await handlers.put_services(stores, [listing(assured_date="2026-01-01")], because(at=day(3)))
    now = day(179)
    clock = AssuranceClock(stores, RULES, poll=timedelta(hours=1), now=lambda: now)
    for number in range(179, 400, 3):
        now = day(number)
        await clock.tick()
    saved = await handlers.get_service(stores, "svc-1", TENANT)
    assert saved.state.assurance.stage == "stale"
    assert await told(stores) == ["svc-1"] * 3
    await handlers.assure_service(stores, "svc-1", because(PROVIDER, day(400)), None)
    saved = await handlers.get_service(stores, "svc-1", TENANT)
    assert (saved.state.assurance.stage, saved.state.listing.assured_date) == (
        None,
        date(2027, 2, 5),
    )


async def test_a_document_is_due_when_its_organisation_is_to_be_asked(database: Database) -> None:
    services = Services(database.collection("services"), RULES)
    assert services.due(assured()) == day(180)
