"""Records become effects: each once, in order within a key, at the right time."""

from __future__ import annotations

from shared.bus import Consumer
from shared.cause import Cause
from shared.events import ReferralCreated
from shared.settings import ServiceSettings
from shared.testing import eventually
from tests.shared.bus.harness import Applied, Sent, committed, consuming, envelope, produce


def recording() -> Consumer[Applied]:
    consumer = Consumer[Applied]("outcomes")

    @consumer.on(ReferralCreated)
    async def referral_created(event: ReferralCreated, cause: Cause, stores: Applied) -> None:
        stores.events.append((event.case_id, event.seq))
        stores.ids.append(cause.id)

    return consumer


async def test_events_of_one_key_are_applied_in_the_order_they_were_sent(
    settings: ServiceSettings, referrals: str
) -> None:
    applied = Applied()
    sent = [Sent.of(envelope(f"case-{n % 7}", seq=n // 7 + 1)) for n in range(700)]
    await produce(settings.kafka_bootstrap, referrals, sent[:350])
    async with consuming(recording(), applied, settings):
        await produce(settings.kafka_bootstrap, referrals, sent[350:])
        await eventually(lambda: len(applied.events) == 700)
    for case in range(7):
        seqs = [seq for case_id, seq in applied.events if case_id == f"case-{case}"]
        assert seqs == list(range(1, 101))
