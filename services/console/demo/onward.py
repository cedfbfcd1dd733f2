"""What a community service makes of a referral: each way it can go, step by step."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from services.console.demo.api import Who, until
from services.console.demo.caller import Caller
from services.console.demo.paths import Onward

_ATTEMPTS = ("telephone", "sms", "telephone")
"""Three attempts by two channels, a day apart: fewer do not make someone uncontactable."""

_MISSES = 3
"""As many as make the referral service propose closing."""

_WAITS = frozenset({Onward.UNANSWERED, Onward.CLOSED})


@dataclass(frozen=True, slots=True)
class Service:
    """A referral, and the service it was made to."""

    referral: str
    listing: Mapping[str, Any]

    @property
    def group(self) -> Who:
        """Whoever acts for the service."""
        return Who("provider", self.listing["organization"]["id"])


async def support(
    call: Caller, service: Service, onward: Onward, worker: Who, chance: random.Random
) -> None:
    """Follow the referral along its way, to its end or to where weeks must pass."""
    referral, group = service.referral, service.group
    if onward in _WAITS:
        return
    if onward in {Onward.WAITLISTED, Onward.STILL_WAITING}:
        await call.act(referral, "waitlist", group)
    if onward is Onward.STILL_WAITING:
        return
    await call.act(referral, "accept", group)
    if onward is Onward.UNREACHABLE:
        await _never_reached(call, service)
    elif onward is Onward.NEVER_CAME:
        await _never_came(call, service)
    elif onward is Onward.DIED:
        await _died(call, service, worker)
    elif onward is Onward.CONSENT_WITHDRAWN:
        await _took_consent_back(call, service, worker)
    elif onward is Onward.WITHDRAWN:
        await call.meet(referral, group, "attend")
        await call.act(referral, "withdraw", worker, reason_code="person_declined")
    else:
        if onward is Onward.IN_GROUP:
            await _in_group(call, service)
        else:
            await call.meet(referral, group, "attend")
        await call.meet(referral, group, "miss")
        await call.meet(referral, group, "attend")
        outcome = chance.choice(("goals_met", "goals_met", "partly_met"))
        await call.act(referral, "complete", group, outcome_code=outcome)


async def _never_reached(call: Caller, service: Service) -> None:
    for days_ago, channel in reversed(list(enumerate(reversed(_ATTEMPTS)))):
        at = datetime.now(UTC) - timedelta(days=days_ago)
        await call.api.post(
            "referral",
            f"/referrals/{service.referral}/contacts",
            service.group,
            {"channel": channel, "outcome_code": "no_answer", "at": at.isoformat()},
            key=call.key(),
            expect=HTTPStatus.CREATED,
        )
    await call.until_view(
        service.referral,
        service.group,
        "closing to be proposed",
        closure_proposed="uncontactable",
    )
    await call.act(service.referral, "not-complete", service.group, reason_code="uncontactable")


async def _never_came(call: Caller, service: Service) -> None:
    for _ in range(_MISSES):
        await call.meet(service.referral, service.group, "miss")
    await call.until_view(
        service.referral,
        service.group,
        "closing to be proposed",
        closure_proposed="did_not_attend",
    )
    await call.act(service.referral, "not-complete", service.group, reason_code="did_not_attend")


async def _died(call: Caller, service: Service, worker: Who) -> None:
    seen = await call.view(service.referral, worker)
    await call.api.post(
        "referral", f"/persons/{seen['person_id']}/deceased", worker, {}, key=call.key()
    )
    for referral, status in ((service.referral, "withdrawn"), (seen["case_id"], "not_completed")):
        await call.until_view(referral, worker, "what was open to end", status=status)


async def _took_consent_back(call: Caller, service: Service, worker: Who) -> None:
    seen = await call.view(service.referral, worker)
    await call.api.post(
        "referral",
        f"/persons/{seen['person_id']}/consent/withdraw",
        worker,
        {"method": "verbal"},
        key=call.key(),
        expect=HTTPStatus.CREATED,
    )
    await call.until_view(service.referral, worker, "sharing to stop at once", status="withdrawn")


async def _in_group(call: Caller, service: Service) -> None:
    """A place in a session; the appointment follows from it, and so does having come."""
    start = datetime.now(UTC) + timedelta(minutes=1)
    session = await call.api.post(
        "referral",
        "/sessions",
        service.group,
        {
            "service_id": service.listing["id"],
            "start": start.isoformat(),
            "mode": "in_person",
            "maximum": 12,
        },
        key=call.key(),
        expect=HTTPStatus.CREATED,
    )
    path = f"/sessions/{session['id']}"
    for step, body, expect in (
        ("places", {"referral_id": service.referral}, HTTPStatus.CREATED),
        ("attendance", {"attendance": {service.referral: "attended"}}, HTTPStatus.OK),
        ("hold", None, HTTPStatus.OK),
    ):
        await call.api.post(
            "referral", f"{path}/{step}", service.group, body, key=call.key(), expect=expect
        )

    async def came() -> str | None:
        seen = await call.view(service.referral, service.group)
        fulfilled = [each["id"] for each in seen["appointments"] if each["status"] == "fulfilled"]
        return fulfilled[0] if fulfilled else None

    call.ledger.contacts.add(await until(came, "the session to be on the referral"))
