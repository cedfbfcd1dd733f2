"""Clocks on real stores: they ring once, whoever rings them, and survive a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.referral.clockwork import Clockwork
from services.referral.store import Stores
from shared.devissuer import DevIssuer
from shared.testing import eventually, free_port
from tests.referral.conftest import TENANT, Referring, running

_POLL = timedelta(milliseconds=20)


class Hands:
    """A clock's hands, moved by the test."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at


async def told(stores: Stores, referral_id: str) -> list[str]:
    saved = await stores.referrals.get(referral_id, TENANT)
    return [line.type for line in saved.history]


async def rest(workers: list[Clockwork]) -> None:
    """Let all workers ring until nothing is due."""
    while sum(await asyncio.gather(*(worker.ring_due() for worker in workers))):
        pass


async def test_with_several_replicas_each_clock_rings_once(referring: Referring) -> None:
    ids = [(await referring.refer()).json()["id"] for _ in range(20)]
    hands = Hands()
    replicas = [Clockwork(referring.stores, hands.now, poll=_POLL) for _ in range(3)]
    for _ in range(15):
        hands.at += timedelta(days=1)
        await rest(replicas)
    for referral_id in ids:
        assert await told(referring.stores, referral_id) == [
            "referral-created",
            "case-profiled",
            "referral-reminder-due",
            "referral-reminder-due",
            "referral-reminder-due",
            "referral-expired",
        ]


async def test_a_clock_whose_ringer_died_rings_when_its_claim_runs_out(
    referring: Referring,
) -> None:
    referral_id = (await referring.refer()).json()["id"]
    hands = Hands()
    hands.at += timedelta(days=15)
    died = await referring.stores.referrals.claim_due(hands.at, timedelta(seconds=60), 10)
    assert [saved.id for saved in died] == [referral_id]
    other = Clockwork(referring.stores, hands.now, poll=_POLL)
    assert await other.ring_due() == 0
    hands.at += timedelta(seconds=61)
    assert await other.ring_due() == 1
    assert (await told(referring.stores, referral_id))[-1] == "referral-expired"


async def test_an_answer_that_came_first_leaves_nothing_to_ring(referring: Referring) -> None:
    referral_id = (await referring.refer()).json()["id"]
    await referring.http.post(f"/referrals/{referral_id}/accept", json={}, headers=referring.team)
    hands = Hands()
    hands.at += timedelta(days=30)
    worker = Clockwork(referring.stores, hands.now, poll=_POLL)
    assert await worker.ring_due() == 0


async def test_accept_after_expiry_is_refused_and_says_why(referring: Referring) -> None:
    referral_id = (await referring.refer()).json()["id"]
    hands = Hands()
    hands.at += timedelta(days=15)
    await rest([Clockwork(referring.stores, hands.now, poll=_POLL)])
    answer = await referring.http.post(
        f"/referrals/{referral_id}/accept", json={}, headers=referring.team
    )
    assert answer.status_code == 409
    assert answer.json()["current_status"] == "expired"


async def test_a_demonstration_moves_time_forward_over_http(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = service_env("referral") | {
        "LINKWAY_TEST_CLOCK": "true",
        "LINKWAY_CLOCK_POLL_SECONDS": "0.05",
        "LINKWAY_GRACEFUL_SECONDS": "1",
        "LINKWAY_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
    }
    async with running(env, issuer, monkeypatch) as referring:
        referral_id = (await referring.refer()).json()["id"]
        operations = referring.as_("operations", "icb")
        moved = await referring.http.post("/test-clock", json={"hours": 337}, headers=operations)
        assert moved.json()["hours_ahead"] == 337
        stranger = await referring.http.post(
            "/test-clock", json={"hours": 1}, headers=referring.team
        )
        assert stranger.status_code == 403

        async def expired() -> bool:
            return (await told(referring.stores, referral_id))[-1] == "referral-expired"

        await eventually(expired)


async def test_without_the_setting_nobody_moves_the_time(referring: Referring) -> None:
    operations = referring.as_("operations", "icb")
    answer = await referring.http.post("/test-clock", json={"hours": 1}, headers=operations)
    assert answer.status_code == 404
