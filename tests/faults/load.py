"""Journeys through the public API at a fixed pace, whatever the services make of it.

Open loop: a journey starts when its time has come, not when another has ended, so that a
service that stops answering is not spared. Each command has an Idempotency-Key and is sent
again under it until it is acknowledged, as a careful client does.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from shared.ids import new_id
from tests.faults.ledger import Ledger

PRACTICE, TEAM_ORGANISATION, GROUP_ORGANISATION = "Y90001", "team-org", "group-org"

_TIMEOUT = 5.0
_LONGEST_PAUSE = 1.0
_AWAY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Refused(Exception):
    """A service gave an answer that no fault excuses."""


@dataclass
class Journey:
    """One person's way, and when it began and ended; ``ended`` is None until it has."""

    number: int
    began: float
    ended: float | None = None
    case: str | None = None


@dataclass
class Load:
    """Sends journeys. ``urls`` has the addresses of each service's replicas."""

    urls: Mapping[str, list[str]]
    headers: Mapping[str, Mapping[str, str]]
    team: str
    group: str
    per_second: float
    ledger: Ledger = field(default_factory=Ledger)
    journeys: list[Journey] = field(default_factory=list)
    run: str = field(default_factory=lambda: new_id()[-8:])

    async def play(
        self, stop: asyncio.Event, at_most: int = 100_000, at_once: int | None = None
    ) -> None:
        """Start journeys at the pace until told to stop, then wait for those under way.

        With ``at_once`` no more than so many are under way: as fast as they end, up to the pace.
        """
        started = time.monotonic()
        room = asyncio.Semaphore(at_once or at_most)
        async with (
            httpx.AsyncClient(
                timeout=_TIMEOUT,
                trust_env=False,
                # Nobody waits for another to give a connection back: the pace is kept.
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            ) as http,
            asyncio.TaskGroup() as journeys,
        ):
            number = 0
            while not stop.is_set() and number < at_most:
                await room.acquire()
                journey = journeys.create_task(self._journey(http, number))
                journey.add_done_callback(lambda _: room.release())
                number += 1
                due = started + number / self.per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _journey(self, http: httpx.AsyncClient, number: int) -> None:
        journey = Journey(number, time.monotonic())
        self.journeys.append(journey)
        ledger = self.ledger
        call = _Caller(self, http, number)
        made = await call.post("referral", "/referrals", "practice", self._intake(), expect=201)
        case = journey.case = str(made["id"])
        ledger.referrals[call.key] = case
        await call.post(
            "referral", f"/referrals/{case}/accept", "worker", {"assigned_to": "worker-1"}
        )
        ledger.accepted.add(case)
        await self._meet(call, case, "worker")
        goal = await call.post(
            "outcomes",
            f"/plans/{case}/goals",
            "worker",
            {"wording": "Get out twice a week.", "need_code": "loneliness", "confidence": 4},
            expect=201,
            until_known=True,
        )
        ledger.goals[goal["id"]] = case
        await call.post(
            "outcomes",
            f"/plans/{case}/goals/{goal['id']}/progress",
            "worker",
            {"achievement_status": "improving", "confidence": 6},
        )
        ledger.achieved[goal["id"]] = "improving"
        body = self._intake() | {"kind": "onward", "case_id": case, "service_id": self.group}
        del body["person"]
        sent = await call.post("referral", "/referrals", "worker", body, expect=201)
        onward = str(sent["id"])
        ledger.referrals[call.key] = onward
        ledger.onward[onward] = case
        await call.post("referral", f"/referrals/{onward}/accept", "provider", {})
        ledger.accepted.add(onward)
        await self._meet(call, onward, "provider")
        journey.ended = time.monotonic()

    async def _meet(self, call: _Caller, referral: str, who: str) -> None:
        booked = await call.post(
            "referral",
            f"/referrals/{referral}/appointments",
            who,
            {"start": datetime.now(UTC).isoformat()},
            expect=201,
        )
        appointment = booked["appointment_id"]
        await call.post("referral", f"/referrals/{referral}/appointments/{appointment}/attend", who)
        self.ledger.attended[appointment] = referral

    def _intake(self) -> dict[str, Any]:
        return {
            "kind": "intake",
            "service_id": self.team,
            "person": {
                "given_names": "Sample",
                "family_name": "Testperson",
                "birth_date": "1957-03-14",
            },
            "need_codes": ["loneliness"],
            "reason": "Would like company.",
            "consent": {"given": True, "method": "verbal"},
        }


class _Caller:
    """One journey's commands, each under a key of its own.

    Where a service has several addresses it stays with the one that answered last.
    """

    def __init__(self, load: Load, http: httpx.AsyncClient, number: int) -> None:
        self._load, self._http, self._number = load, http, number
        self._count = 0
        self._stays: dict[str, int] = {}
        self.key = ""

    async def post(
        self,
        service: str,
        path: str,
        who: str,
        body: object = None,
        *,
        expect: int = 200,
        until_known: bool = False,
    ) -> dict[str, Any]:
        """Send until acknowledged. Raises Refused for an answer that no fault excuses."""
        self._count += 1
        self.key = f"{self._load.run}-{self._number}-{self._count}"
        ledger = self._load.ledger
        turn = 0
        while True:
            addresses = self._load.urls[service]
            at = (self._stays.get(service, 0) + turn) % len(addresses)
            turn += 1
            try:
                answer = await self._http.post(
                    addresses[at] + path,
                    json=body,
                    headers={**self._load.headers[who], "Idempotency-Key": self.key},
                )
            except (httpx.TransportError, AttributeError) as error:
                # The latter is anyio's, where uvloop's connection is closed as it is made.
                known = isinstance(error, httpx.TransportError)
                ledger.retried[type(error).__name__ if known else "ConnectError"] += 1
            else:
                if answer.status_code == expect:
                    self._stays[service] = at
                    ledger.acknowledged += 1
                    found: dict[str, Any] = answer.json()
                    return found
                if not _is_excused(answer, until_known=until_known):
                    raise Refused(f"{service} {path}: {answer.status_code} {answer.text}")
                ledger.retried[str(answer.status_code)] += 1
            pause = min(_LONGEST_PAUSE, 0.05 * 1.5**turn)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))


def _is_excused(answer: httpx.Response, *, until_known: bool) -> bool:
    """Whether to try again: the service is away, others were quicker, or it has not heard yet."""
    status = answer.status_code
    contended = status == HTTPStatus.CONFLICT and "retry-after" in answer.headers
    unheard = until_known and status == HTTPStatus.NOT_FOUND
    return status in _AWAY or contended or unheard
