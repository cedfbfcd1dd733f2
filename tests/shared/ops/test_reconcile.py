"""Accepted = published = applied, on a real MongoDB and a real broker; what differs, by id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.ids import first_id_at, new_id, time_of
from shared.ops.reconcile_models import Reconciliation
from shared.store import Database
from shared.testing import eventually
from tests.shared.bus.harness import Sent, envelope, produce
from tests.shared.ops.made_up import Service


async def open_cases(service: Service, count: int) -> list[str]:
    """So many cases, each of which has told that it was made, and was heard."""
    cases = [new_id() for _ in range(count)]
    for case in cases:
        await service.kept.cases.open(case)

    async def heard() -> bool:
        return set(cases) <= service.kept.effects

    await eventually(heard, within=30)
    return cases


async def now(service: Service) -> Reconciliation:
    """All of the last hour, up to this moment."""
    return await service.reconcile(
        since=(datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        until=(datetime.now(UTC) + timedelta(seconds=1)).isoformat(),
    )


async def settled(service: Service) -> Reconciliation:
    """The comparison once every event was passed."""
    found: list[Reconciliation] = []

    async def passed() -> bool:
        found.append(await now(service))
        return sum(each.passed for each in found[-1].applied) == sum(
            each.published for each in found[-1].applied
        )

    await eventually(passed, within=30)
    return found[-1]


async def test_what_was_told_and_heard_agrees_by_type_and_hour(service: Service) -> None:
    service.kept.blocked.set()
    await open_cases(service, 7)

    found = await settled(service)

    assert (found.differences, found.repeated, found.waiting) == ([], 0, 0)
    assert found.is_complete
    assert {each.type for each in found.facts} == {"referral-created"}
    assert sum(each.accepted for each in found.facts) == 7
    assert sum(each.published for each in found.facts) == 7
    assert sum(each.passed for each in found.applied) == 7
    assert all(each.hour.minute == each.hour.second == 0 for each in found.facts)


async def test_an_effect_that_is_gone_is_named_by_its_event(service: Service) -> None:
    service.kept.blocked.set()
    cases = await open_cases(service, 5)
    await settled(service)
    lost = (await service.trace(cases[2])).records[0].changes[0].event_id
    service.kept.effects.discard(cases[2])

    (difference,) = (await settled(service)).differences

    assert (difference.kind, difference.type) == ("without-effect", "referral-created")
    assert (difference.count, difference.event_ids) == (1, [lost])
    assert difference.group is not None
    assert difference.group.endswith("referral")


async def test_a_fact_that_never_came_to_kafka_is_named(service: Service, mongo_uri: str) -> None:
    service.kept.blocked.set()
    (case,) = await open_cases(service, 1)
    await settled(service)
    lost = new_id()
    own = service.kept.cases.collection
    line = (await own.aggregate([{"$match": {"_id": case}}]))[0]["history"][0]
    database = Database.connect(mongo_uri, service.database)
    await database.command(
        {
            "update": own.name,
            "updates": [
                {"q": {"_id": case}, "u": {"$push": {"history": {**line, "event_id": lost}}}}
            ],
        }
    )
    await database.close()

    (difference,) = (await settled(service)).differences

    assert (difference.kind, difference.group) == ("not-published", None)
    assert difference.event_ids == [lost]


async def test_a_record_that_no_one_stated_is_named(
    service: Service, kafka_bootstrap: str, topic_prefix: str
) -> None:
    service.kept.blocked.set()
    await open_cases(service, 2)
    stray = envelope(new_id())
    await produce(kafka_bootstrap, f"{topic_prefix}referral-events", [Sent.of(stray)])

    differences = (await settled(service)).differences

    assert [(each.kind, each.event_ids) for each in differences] == [("not-accepted", [stray.id])]


async def test_an_event_sent_twice_is_counted_once(
    service: Service, kafka_bootstrap: str, topic_prefix: str
) -> None:
    service.kept.blocked.set()
    (case,) = await open_cases(service, 1)
    told = (await service.published(case, 1)).published[0]
    again = envelope(case, event_id=told.event_id)
    await produce(kafka_bootstrap, f"{topic_prefix}referral-events", [Sent.of(again)])

    found = await settled(service)

    assert (found.differences, found.repeated) == ([], 1)
    assert sum(each.published for each in found.facts) == 1


async def test_many_events_are_compared_some_at_a_time(
    service: Service, kafka_bootstrap: str, topic_prefix: str
) -> None:
    service.kept.blocked.set()
    strays = [envelope(new_id()) for _ in range(4000)]
    await produce(kafka_bootstrap, f"{topic_prefix}referral-events", map(Sent.of, strays))

    differences = (await settled(service)).differences

    assert [(each.kind, each.count, len(each.event_ids)) for each in differences] == [
        ("not-accepted", 4000, 100)
    ]
    service.kept.looked_for.clear()
    await now(service)
    assert sum(service.kept.looked_for) == 4000
    assert max(service.kept.looked_for) <= 500, "records of a window are held together"


async def test_an_event_that_nobody_has_come_to_is_named(service: Service) -> None:
    case = new_id()
    await service.kept.cases.open(case)
    told = (await service.published(case, 1)).published[0]

    found = await now(service)

    assert [(each.kind, each.event_ids) for each in found.differences] == [
        ("not-applied", [told.event_id])
    ]
    service.kept.blocked.set()


async def test_more_than_seven_days_are_refused(
    service: Service, request: pytest.FixtureRequest
) -> None:
    token = request.getfixturevalue("issuer").issue(
        subject="u-1", role="operations", organisation="icb", tenant="icb-demo"
    )
    http: httpx.AsyncClient = service.http
    answer = await http.get(
        "/ops/reconcile",
        params={"since": "2026-03-01T00:00:00Z", "until": "2026-03-09T00:00:00Z"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/since"


def test_ids_sort_and_tell_when_they_were_made() -> None:
    noon = datetime(2026, 3, 2, 12, 0, 0, 5000, tzinfo=UTC)
    first = first_id_at(noon)
    assert first == "019cae6b-6605-7000-8000-000000000000"
    assert time_of(first) == noon
    assert time_of("7d444840-9dc0-11d1-b245-5ffdce74fad2") is None
    assert time_of("case-1") is None
    assert first_id_at(datetime.now(UTC) - timedelta(seconds=1)) < new_id()
