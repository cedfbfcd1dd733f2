"""Reports hear over Kafka and count by themselves while the service runs."""

from aiokafka import AIOKafkaProducer

from services.outcomes.consumers import consumer, reports_consumer
from shared.events import ALL_EVENTS
from shared.testing import eventually
from tests.outcomes.asking import Service
from tests.outcomes.examples import TENANT, intake
from tests.outcomes.reporting import REPORTER, profiled
from tests.outcomes.test_consumers import sealed


async def test_what_is_told_on_kafka_comes_to_be_counted(
    connected: Service, kafka_bootstrap: str, topic_prefix: str
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    for n in range(30):
        own = {"case_id": f"case-{n}", "referral_id": f"case-{n}"}
        for event in (intake(), profiled()):
            value, headers = sealed(event.model_copy(update=own))
            key = dict(headers)["ce_partitionkey"]
            topic = f"{topic_prefix}referral-events"
            await producer.send_and_wait(topic, value, key=key, headers=headers)
    await producer.stop()

    async def shown() -> int:
        path = "/reports/referrals?from=2026-03&to=2026-03&by=sex"
        body = (await connected.get(path, REPORTER)).json()
        return next(
            (line["figures"]["made"] or 0 for line in body["lines"] if body["is_current"]), 0
        )

    assert 25 <= await eventually(shown, within=60) <= 35
    assert await connected.stores.cases.uncounted(TENANT) == 0


def test_reports_are_a_group_of_their_own_over_three_topics() -> None:
    assert reports_consumer.service != consumer.service
    assert reports_consumer.topics == ["directory-events", "outcome-events", "referral-events"]
    assert set(reports_consumer.events) <= set(ALL_EVENTS)
