"""What a referral costs with nothing around it: FastAPI, a model, one insert, no events.

The yardstick of the benchmark. Writes are acknowledged as Linkway's are: by a majority,
from the journal.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel
from pymongo import WriteConcern


class Contact(BaseModel):
    telephone: str | None = None
    postal_code: str | None = None


class Person(BaseModel):
    given_names: str
    family_name: str
    birth_date: str
    contact: Contact


class Consent(BaseModel):
    given: bool
    method: str


class NewReferral(BaseModel):
    kind: str
    service_id: str
    person_id: str | None = None
    person: Person | None = None
    need_codes: list[str]
    reason: str
    consent: Consent


def create_app() -> FastAPI:
    app = FastAPI()
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(os.environ["BARE_MONGO_URI"])
    referrals = client["bare"].get_collection(
        "referrals", write_concern=WriteConcern(w="majority", j=True)
    )

    @app.post("/referrals", status_code=201)
    async def make_referral(body: NewReferral) -> dict[str, str]:
        referral_id = str(uuid4())
        await referrals.insert_one(
            {"_id": referral_id, "created_at": datetime.now(UTC), **body.model_dump()}
        )
        return {"id": referral_id}

    return app
