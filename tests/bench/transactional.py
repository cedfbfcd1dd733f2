"""The textbook outbox: the record and its event in two collections, in one transaction.

One of the yardsticks of the benchmark; a task publishes the events and removes them.
"""

from __future__ import annotations

import asyncio
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

TOPIC = "bench-transactional"
_BATCH = 500
_POLL = 0.02


def create_app() -> FastAPI:
    """The service, with its relay beside it."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(os.environ["BARE_MONGO_URI"])
    safe = WriteConcern(w="majority", j=True)
    referrals = client["bare"]["transactional"]
    outbox = client["bare"]["outbox"]

    async def relay(producer: AIOKafkaProducer) -> None:
        while True:
            waiting = await outbox.find().sort("_id", 1).limit(_BATCH).to_list(_BATCH)
            sending = [
                await producer.send(
                    TOPIC, str(each["event"]).encode(), key=str(each["_id"]).encode()
                )
                for each in waiting
            ]
            await asyncio.gather(*sending)
            if waiting:
                await outbox.delete_many({"_id": {"$in": [each["_id"] for each in waiting]}})
            else:
                await asyncio.sleep(_POLL)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # A transaction cannot make a collection on every version.
        for name in ("transactional", "outbox"):
            if name not in await client["bare"].list_collection_names():
                await client["bare"].create_collection(name)
        producer = AIOKafkaProducer(bootstrap_servers=os.environ["BARE_KAFKA"], acks="all")
        await producer.start()
        relaying = asyncio.create_task(relay(producer))
        yield
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        await producer.stop()

    app = FastAPI(lifespan=lifespan)

    @app.post("/referrals", status_code=201)
    async def make_referral(body: NewReferral) -> dict[str, str]:
        referral_id = str(uuid4())
        event = {"referral_id": referral_id, "service_id": body.service_id, "kind": body.kind}
        document = {"_id": referral_id, "created_at": datetime.now(UTC), **body.model_dump()}
        async with (
            await client.start_session() as session,
            session.start_transaction(write_concern=safe),
        ):
            await referrals.insert_one(document, session=session)
            await outbox.insert_one(
                {"_id": str(uuid4()), "event": json.dumps(event)}, session=session
            )
        return {"id": referral_id}

    return app
