"""One thing's way through a service, on a real MongoDB and a real broker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.cause import Cause
from shared.events import ReferralCreated
from shared.ids import new_id
from shared.testing import eventually
from tests.shared.bus.harness import Case, referral_created, some_cause
from tests.shared.ops.made_up import Service


async def test_a_fact_is_followed_from_the_request_to_its_place_on_kafka_and_each_consumer(
    service: Service, topic_prefix: str
) -> None:
    case = new_id()
    await service.kept.cases.open(case)

    seen = await service.published(case, 1)

    (record,) = seen.records
    (change,) = record.changes
    assert (record.collection, record.id, record.key) == ("cases", case, case)
    assert (change.type, change.seq, change.actor_role) == ("referral-created", 1, "referrer")
    (fact,) = seen.published
    assert fact.event_id == change.event_id
    assert (fact.topic, fact.offset) == (f"{topic_prefix}referral-events", 0)
    (place,) = seen.positions
    assert (place.group, place.topic, place.partition) == (
        f"{topic_prefix}referral",
        fact.topic,
        fact.partition,
    )
    assert place.committed_offset == 0, "published, and held up in the consumer"
    service.kept.blocked.set()

    async def passed() -> bool:
        return (await service.trace(case)).positions[0].committed_offset == 1

    await eventually(passed, within=30)
    assert (await service.trace(case)).search.is_complete


async def test_an_event_and_its_request_are_found_by_their_own_ids(service: Service) -> None:
    case, asked = new_id(), new_id()
    service.kept.blocked.set()
    cause = some_cause()
    await service.kept.cases.insert(case, *_opened(case), _by_request(cause, asked))
    stated = (await service.published(case, 1)).records[0].changes[0]
    assert stated.cause == asked

    for own_id in (stated.event_id, asked):
        found = await service.trace(own_id)
        assert found.keys == [case]
        assert [each.id for each in found.records] == [case]
        assert [each.event_id for each in found.published] == [stated.event_id]
        assert [each.request_id for each in found.published] == [asked]


async def test_a_trace_id_that_tells_no_time_is_found_around_the_time_given(
    service: Service,
) -> None:
    case = new_id()
    service.kept.blocked.set()
    await service.kept.cases.open(case)
    fact = (await service.published(case, 1)).published[0]
    assert fact.trace_id == "0af7651916cd43dd8448eb211c80319c"

    assert (await service.trace(fact.trace_id)).published == []
    found = await service.trace(fact.trace_id, around=fact.at.isoformat())

    assert [each.event_id for each in found.published] == [fact.event_id]


async def test_an_event_that_was_set_aside_is_told_with_its_reason(
    service: Service, topic_prefix: str
) -> None:
    case = new_id()
    service.kept.refused.add(case)
    service.kept.blocked.set()
    await service.kept.cases.open(case)

    async def set_aside() -> bool:
        return bool((await service.trace(case)).dead_letters)

    await eventually(set_aside, within=30)

    seen = await service.trace(case)
    (letter,) = seen.dead_letters
    assert letter.event_id == seen.records[0].changes[0].event_id
    assert (letter.group, letter.error) == (f"{topic_prefix}referral", "Invalid")
    assert letter.reason == "The fact does not fit."


async def test_another_tenant_sees_nothing_of_it(service: Service) -> None:
    case = new_id()
    service.kept.blocked.set()
    await service.kept.cases.open(case)
    seen = await service.published(case, 1)
    event_id = seen.published[0].event_id

    for thing in (case, event_id):
        other = await service.trace(thing, tenant="icb-other")
        assert (other.records, other.published, other.dead_letters) == ([], [], [])


async def test_no_more_is_read_of_the_topic_than_lies_near_the_events(service: Service) -> None:
    service.kept.blocked.set()
    cases = [new_id() for _ in range(40)]
    for case in cases:
        await service.kept.cases.open(case)

    seen = await service.published(cases[0], 1)

    assert seen.search.records_read <= 40


def _opened(case: str) -> tuple[Any, list[ReferralCreated]]:
    return Case(), [referral_created(case)]


def _by_request(cause: Cause, asked: str) -> Cause:
    return replace(cause, request_id=asked)
