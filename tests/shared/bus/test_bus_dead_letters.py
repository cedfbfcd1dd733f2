"""What can never be applied is set aside whole, with its reason, and its neighbours go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import RequestTimedOutError

from shared.bus import Consumer, Publisher, original_headers
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Invalid, LinkwayError, NotFound
from shared.events import ReferralCreated
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry
from shared.testing import eventually
from tests.shared.bus.harness import (
    Applied,
    Sent,
    committed,
    consuming,
    envelope,
    handle,
    listening,
    produce,
    read_all,
)


def text(record: Any) -> dict[str, str]:
    """A dead letter's headers that are text, by name."""
    return {name: value.decode(errors="replace") for name, value in record.headers}


async def wait_for_dead(settings: ServiceSettings, topic: str, count: int) -> list[Any]:
    async def there() -> list[Any]:
        found = await read_all(settings.kafka_bootstrap, topic)
        return found if len(found) >= count else []

    return await eventually(there)


async def test_poison_events_are_set_aside_and_the_99_beside_one_are_applied(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    applied = Applied()
    events = [envelope(f"case-{n}") for n in range(100)]
    sent = [Sent.of(event, partition=0) for event in events]
    sent[40] = sent[40].with_value(b'{"tenant": "Jane Roe, 1 High Street"}')
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(listening(), applied, settings):
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
        await eventually(lambda: len(applied.events) == 99)
    assert ("case-40", 1) not in applied.events
    assert dead.key == b"case-40"
    assert dead.value == b'{"tenant": "Jane Roe, 1 High Street"}'
    headers = text(dead)
    assert headers["dl_topic"] == referrals
    assert headers["dl_partition"] == "0"
    assert headers["dl_offset"] == "40"
    assert headers["dl_group"] == f"{settings.topic_prefix}outcomes"
    assert headers["dl_error"] == "Invalid"
    assert headers["dl_attempts"] == "1"
    assert "/occurred_at Field required" in headers["dl_reason"]
    assert "Jane" not in headers["dl_reason"]
    assert headers["ce_id"] == events[40].id
    assert original_headers(dead.headers) == list(sent[40].headers)
    assert sum((await committed(settings, "outcomes", referrals)).values()) == 100


async def test_headers_come_back_exactly_also_those_that_are_not_text(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    applied = Applied()
    odd = [
        ("ce_type", b"referral-created"),
        ("x-raw", b"\xff\xfe\x00"),
        ("twice", b"one"),
        ("twice", b"two"),
        ("empty", b""),
        ("dl_topic", b"of an earlier time"),
    ]
    await produce(
        settings.kafka_bootstrap,
        referrals,
        [Sent(b"\xff key", b"\x00\xff", odd, 0), Sent.of(envelope("case-1"), partition=0)],
    )
    async with consuming(listening(), applied, settings):
        await eventually(lambda: applied.events == [("case-1", 1)])
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
    assert dead.key == b"\xff key"
    assert dead.value == b"\x00\xff"
    assert original_headers(dead.headers) == odd
    assert text(dead)["dl_reason"] == (
        "Not a CloudEvent in binary mode: x-raw is not UTF-8. /headers/x-raw is not UTF-8"
    )


async def test_a_record_without_headers_key_and_value_is_set_aside(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    await produce(settings.kafka_bootstrap, referrals, [Sent(None, b"", [])])
    async with consuming(listening(), Applied(), settings):
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
    assert dead.key is None
    assert original_headers(dead.headers) == []


async def test_the_largest_record_a_topic_takes_fits_as_a_dead_letter(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    body = b"x" * 1_047_500
    await produce(
        settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-1")).with_value(body)]
    )
    async with consuming(listening(), Applied(), settings):
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
    assert dead.value == body


@pytest.mark.parametrize(
    ("refusal", "kind", "reason"),
    [
        (NotFound("There is no such plan."), "NotFound", "There is no such plan."),
        (Conflict("The case is closed."), "Conflict", "The case is closed."),
        (
            Invalid("It breaks a rule.", errors=[FieldError("/goal", "is unknown")]),
            "Invalid",
            "It breaks a rule. /goal is unknown",
        ),
    ],
)
async def test_a_refusal_is_set_aside_at_once_and_later_events_of_the_key_go_on(
    settings: ServiceSettings,
    referrals: str,
    dead_letters: str,
    *,
    refusal: LinkwayError,
    kind: str,
    reason: str,
) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    attempts = 0

    @consumer.on(ReferralCreated)
    async def refuse_first(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        nonlocal attempts
        if event.seq == 1:
            attempts += 1
            raise refusal
        handle(event, cause, stores)

    sent = [Sent.of(envelope("case-1", seq=seq)) for seq in (1, 2, 3)]
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(consumer, applied, settings):
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
        await eventually(lambda: applied.events == [("case-1", 2), ("case-1", 3)])
    assert attempts == 1
    assert text(dead)["dl_error"] == kind
    assert text(dead)["dl_reason"] == reason


async def test_a_bug_is_tried_three_times_and_tells_its_place_but_no_value(
    settings: ServiceSettings, referrals: str, dead_letters: str
) -> None:
    applied = Applied()
    consumer = Consumer[Applied]("outcomes")
    attempts = 0

    @consumer.on(ReferralCreated)
    async def stumble(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        nonlocal attempts
        if event.case_id == "case-7":
            attempts += 1
            raise KeyError(event.person_id)
        handle(event, cause, stores)

    telemetry = Telemetry(settings)
    sent = [Sent.of(envelope(f"case-{n}"), partition=0) for n in range(20)]
    await produce(settings.kafka_bootstrap, referrals, sent)
    async with consuming(consumer, applied, settings, telemetry=telemetry):
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
        await eventually(lambda: len(applied.events) == 19)
    assert attempts == 3
    headers = text(dead)
    assert headers["dl_error"] == "KeyError"
    assert headers["dl_reason"].startswith("KeyError at ")
    assert "test_bus_dead_letters:" in headers["dl_reason"]
    assert "person-1" not in headers["dl_reason"]
    assert headers["dl_attempts"] == "3"
    labels = {"consumer": "outcomes", "type": "referral-created", "result": "dead"}
    assert telemetry.registry.get_sample_value("events_consumed_total", labels) == 1
    assert telemetry.registry.get_sample_value("dead_letters_total", {"reason": "KeyError"}) == 1


async def test_nothing_is_committed_while_a_dead_letter_cannot_be_published(
    settings: ServiceSettings,
    referrals: str,
    dead_letters: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    applied = Applied()
    refused = 0
    take = Publisher.send

    async def refuse(self: Publisher, topic: str, **record: Any) -> asyncio.Future[Any]:
        nonlocal refused
        if topic == dead_letters and refused < 3:
            refused += 1
            raise RequestTimedOutError
        return await take(self, topic, **record)

    monkeypatch.setattr(Publisher, "send", refuse)
    good, bad = envelope("case-1"), envelope("case-2")
    await produce(
        settings.kafka_bootstrap,
        referrals,
        [Sent.of(good, partition=0), Sent.of(bad, partition=0).with_value(b"{}")],
    )
    async with consuming(listening(), applied, settings):
        await eventually(lambda: refused == 2)
        assert await committed(settings, "outcomes", referrals) == {0: 1, 1: 0, 2: 0, 3: 0}
        (dead,) = await wait_for_dead(settings, dead_letters, 1)
    assert dead.key == b"case-2"
    assert await committed(settings, "outcomes", referrals) == {0: 2, 1: 0, 2: 0, 3: 0}
    assert applied.events == [("case-1", 1)]
