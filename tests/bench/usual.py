"""The usual way: insert, then publish, then answer. No outbox: a crash in between loses the event.

One of the yardsticks of the benchmark. Both waits are acknowledged as Linkway's are.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from tests.bench.bare import NewReferral

TOPIC = "bench-usual"


def create_app() -> FastAPI:
    """The service, its producer started with it."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(os.environ["BARE_MONGO_URI"])
    referrals = client["bare"].get_collection(
        "usual", write_concern=WriteConcern(w="majority", j=True)
    )
    producers: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        producer = AIOKafkaProducer(bootstrap_servers=os.environ["BARE_KAFKA"], acks="all")
        await producer.start()
        producers.append(producer)
        yield
        await producer.stop()

    app = FastAPI(lifespan=lifespan)

    @app.post("/referrals", status_code=201)
    async def make_referral(body: NewReferral) -> dict[str, str]:
        referral_id = str(uuid4())
        await referrals.insert_one(
            {"_id": referral_id, "created_at": datetime.now(UTC), **body.model_dump()}
        )
        event = {"referral_id": referral_id, "service_id": body.service_id, "kind": body.kind}
        await producers[0].send_and_wait(
            TOPIC, json.dumps(event).encode(), key=referral_id.encode()
        )
        return {"id": referral_id}

    return app
