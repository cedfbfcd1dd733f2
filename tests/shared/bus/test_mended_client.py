"""What Kafka answers, and how connections end, while a broker is restarted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3
from aiokafka.protocol.metadata import MetadataRequest

from shared.settings import ServiceSettings
from shared.testing import eventually
from tests.shared.bus.harness import (
    REJOIN,
    Applied,
    Sent,
    committed,
    consuming,
    envelope,
    listening,
    produce,
)

LOADING, SERVER_ERROR = 14, -1
"""Error codes of Kafka's protocol."""


@pytest.mark.parametrize("code", [LOADING, SERVER_ERROR])
async def test_offsets_not_told_yet_are_not_taken_for_none(
    settings: ServiceSettings, referrals: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """aiokafka 0.14 begins again at the first event of all."""
    before, after = Applied(), Applied()
    places = await produce(
        settings.kafka_bootstrap, referrals, [Sent.of(envelope(f"case-{n}")) for n in range(12)]
    )
    async with consuming(listening(), before, settings):
        await eventually(lambda: len(before.events) == 12)
    finished = dict.fromkeys(range(4), 0) | {
        partition: offset + 1 for partition, offset in sorted(places)
    }
    assert await committed(settings, "outcomes", referrals) == finished

    refused: list[Any] = []
    really = AIOKafkaClient.send

    async def refusing_twice(self: Any, node_id: int, request: Any, **more: Any) -> Any:
        if isinstance(request, OffsetFetchRequest) and len(refused) < 2:
            refused.append(request)
            return OffsetFetchResponse_v3(0, [], code)
        return await really(self, node_id, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", refusing_twice)
    await produce(settings.kafka_bootstrap, referrals, [Sent.of(envelope("case-new"))])
    async with consuming(listening(), after, settings):
        await eventually(lambda: after.events != [], within=REJOIN)
    assert after.events == [("case-new", 1)]
    assert len(refused) == 2


def test_a_closed_connection_fails_as_aiokafka_expects(kafka_bootstrap: str) -> None:
    """Under uvloop, which the services run on, it fails with a RuntimeError that nobody expects."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_write_to_a_closed_connection(kafka_bootstrap))


async def _write_to_a_closed_connection(bootstrap: str) -> None:
    host, _, port = bootstrap.partition(":")
    connection = await create_conn(host, int(port))
    connection._writer.transport.abort()
    await asyncio.sleep(0)  # closed now, and the task that reads from it has not heard yet
    with pytest.raises(KafkaConnectionError):
        connection.send(MetadataRequest([]))
    assert not connection.connected()
