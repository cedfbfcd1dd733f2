"""What tests about persons need: someone to refer, and what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.cause import Actor, Cause
from shared.events import (
    EventActor,
)
from shared.ids import new_id
from tests.referral.conftest import TENANT, Referring

SAMPLE = {
    "given_names": "Sample",
    "family_name": "Testperson",
    "birth_date": "1957-03-14",
    "contact": {"telephone": "07700 900123", "postal_code": "ZZ1 2AB"},
}


def lead(referring: Referring) -> Mapping[str, str]:
    return referring.as_("team_lead", "team-org")


def service(referring: Referring) -> Mapping[str, str]:
    return referring.as_("service", "linkway")


async def onward(referring: Referring, case_id: str, **changes: object) -> dict[str, Any]:
    """An accepted case's referral on to the group, which takes it."""
    http = referring.http
    await http.post(f"/referrals/{case_id}/accept", json={}, headers=referring.team)
    made = await http.post(
        "/referrals",
        json={
            "kind": "onward",
            "case_id": case_id,
            "service_id": referring.group_service,
            "need_codes": ["loneliness"],
            "reason": "A lunch club.",
            "consent": {"given": True, "method": "verbal"},
        }
        | changes,
        headers=referring.team,
    )
    assert made.status_code == 201, made.text
    path = f"/referrals/{made.json()['id']}"
    await http.post(f"{path}/accept", json={}, headers=referring.group)
    booked = await http.post(
        f"{path}/appointments",
        json={"start": (datetime.now(UTC) + timedelta(days=3)).isoformat()},
        headers=referring.group,
    )
    assert booked.status_code == 201, booked.text
    answer: dict[str, Any] = made.json()
    return answer


async def status_of(referring: Referring, referral_id: str) -> tuple[str, str | None]:
    saved = await referring.stores.referrals.get(referral_id, TENANT)
    return saved.state.status.value, saved.state.reason_code


async def stated(referring: Referring, referral_id: str) -> list[str]:
    saved = await referring.stores.referrals.get(referral_id, TENANT)
    return [line.type for line in saved.history]


def heard() -> Cause:
    """The cause of applying a fact: an event never heard before."""
    actor = Actor("referral", "service", "team-org", TENANT)
    return Cause(id=new_id(), actor=actor, at=datetime.now(UTC), repeatable=True)


def said(person_id: str) -> dict[str, Any]:
    return {
        "tenant": TENANT,
        "occurred_at": datetime.now(UTC),
        "actor": EventActor(role="link_worker", organisation="team-org"),
        "person_id": person_id,
    }


def settled(check: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[bool]]:
    """The check as something to wait for: true once it raises no AssertionError."""

    async def checked() -> bool:
        await check()
        return True

    return checked
