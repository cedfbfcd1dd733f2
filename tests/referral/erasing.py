"""Someone who asks to be erased, and who decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.referral.conftest import TENANT, Referring
from tests.referral.people import SAMPLE, lead

GRANT = {
    "granted": True,
    "reason_code": "ground_applies",
    "legal_basis": "art_17_1",
    "note": "Nothing stands against it.",
}
REFUSE = {
    "granted": False,
    "reason_code": "legal_claims",
    "legal_basis": "art_17_3_e",
    "note": "A claim is open.",
}
NUMBER = "9990000018"
WORDS = ("Sample", "Testperson", "1957-03-14", "07700 900123", "ZZ1 2AB", NUMBER, "company")


def admin(referring: Referring) -> Mapping[str, str]:
    return referring.as_("tenant_admin", "icb")


async def referred(referring: Referring) -> tuple[str, str]:
    """A referral of someone with a number: its id, and the person's."""
    made = await referring.refer(person=SAMPLE | {"nhs_number": NUMBER})
    assert made.status_code == 201, made.text
    referral_id = made.json()["id"]
    saved = await referring.stores.referrals.get(referral_id, TENANT)
    return referral_id, saved.state.person_id


async def ask(referring: Referring, person_id: str, **body: Any) -> httpx.Response:
    return await referring.http.post(
        f"/persons/{person_id}/erasure",
        json={"ground": "consent_withdrawn"} | body,
        headers=lead(referring),
    )


async def decide(
    referring: Referring, erasure_id: str, body: Mapping[str, Any], by: Mapping[str, str]
) -> httpx.Response:
    return await referring.http.post(f"/erasures/{erasure_id}/decision", json=body, headers=by)


async def erased(referring: Referring) -> tuple[str, str, str]:
    """Someone referred, and erased: referral, person, erasure."""
    referral_id, person_id = await referred(referring)
    asked = await ask(referring, person_id)
    granted = await decide(referring, asked.json()["id"], GRANT, admin(referring))
    assert granted.status_code == 200, granted.text
    return referral_id, person_id, asked.json()["id"]


async def everything(referring: Referring) -> str:
    """All that lies in the service's database, as text."""
    stores = referring.stores
    collections = (
        stores.persons,
        stores.referrals,
        stores.notes,
        stores.concerns,
        stores.erasures,
        stores.person_keys,
    )
    documents = [
        document
        for store in collections
        for document in await getattr(store.collection, "_inner", store.collection).find(
            {}, 500, None
        )
    ]
    return json.dumps(documents, default=str)
