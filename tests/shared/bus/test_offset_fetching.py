"""Offsets that Kafka cannot tell yet, as just after a broker was restarted."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3

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
