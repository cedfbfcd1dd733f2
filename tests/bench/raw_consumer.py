"""What consuming costs with nothing around it: batches from Kafka, one bulk_write each, commit.

The yardstick for consuming: no envelope is read, no rule applied, no cause remembered.

    python -m tests.bench.raw_consumer BOOTSTRAP MONGO_URI TOPIC COUNT    # prints seconds
"""

from __future__ import annotations

import json
import sys
import time

import uvloop
from aiokafka import AIOKafkaConsumer
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import UpdateOne, WriteConcern

_MOST = 500


async def main(bootstrap: str, mongo_uri: str, topic: str, count: int) -> float:
    """Seconds from the first record to the last commit."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(mongo_uri)
    kept = client["bare"].get_collection(
        f"raw-{time.time_ns()}", write_concern=WriteConcern(w="majority", j=True)
    )
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=f"raw-{time.time_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    taken, started = 0, 0.0
    while taken < count:
        batches = await consumer.getmany(timeout_ms=200, max_records=_MOST)
        records = [record for batch in batches.values() for record in batch]
        if not records:
            continue
        started = started or time.perf_counter()
        await kept.bulk_write(
            [
                UpdateOne(
                    {"_id": f"{record.topic}/{record.partition}/{record.offset}"},
                    {"$set": json.loads(record.value)},
                    upsert=True,
                )
                for record in records
            ],
            ordered=False,
        )
        await consumer.commit()
        taken += len(records)
    seconds = time.perf_counter() - started
    await consumer.stop()
    return seconds


if __name__ == "__main__":
    given = sys.argv[1:]
    print(uvloop.run(main(given[0], given[1], given[2], int(given[3]))))
