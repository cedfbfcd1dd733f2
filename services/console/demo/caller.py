"""One person's calls to the APIs: under keys of their own, noted in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx

from services.console.demo.api import Problem, Unexpected, Who, said, until
from services.console.demo.stage import Stage

_WITHOUT_BODY = frozenset({"waitlist", "review", "go-on", "resume"})


class Caller:
    """Commands about one person, each under its own Idempotency-Key."""

    def __init__(self, number: int, stage: Stage) -> None:
        self.api, self.ledger = stage.api, stage.ledger
        self._number = number
        self._keys: Iterator[int] = count(1)

    def key(self) -> str:
        """The next key of this person."""
        return f"{self._number}-{next(self._keys)}"

    async def refer(self, who: Who, path: str, body: Mapping[str, Any]) -> str:
        """The new referral's id; a service just published may not have been heard of yet."""
        key = self.key()

        async def ask() -> Any:
            answer = await self.api.try_post("referral", path, who, body, key=key)
            if answer.status_code == HTTPStatus.CREATED:
                return answer.json()
            if _not_heard_of(answer):
                return None
            raise Unexpected(
                f"referral answered {answer.status_code} to a referral: {said(answer)}"
            )

        receipt = await until(ask, "the referral service to hear of a service")
        referral_id: str = receipt["id"]
        self.ledger.referrals.add(referral_id)
        return referral_id

    async def act(self, referral: str, command: str, who: Who, **body: object) -> None:
        """A command on a referral."""
        path = f"/referrals/{referral}/{command}"
        sent = None if command in _WITHOUT_BODY else body
        await self.api.post("referral", path, who, sent, key=self.key())

    async def meet(self, referral: str, who: Who, outcome: str) -> None:
        """An appointment now, and whether the person came (`attend` or `miss`)."""
        booked = await self.api.post(
            "referral",
            f"/referrals/{referral}/appointments",
            who,
            {"start": datetime.now(UTC).isoformat()},
            key=self.key(),
            expect=HTTPStatus.CREATED,
        )
        appointment: str = booked["appointment_id"]
        await self.api.post(
            "referral",
            f"/referrals/{referral}/appointments/{appointment}/{outcome}",
            who,
            key=self.key(),
        )
        self.ledger.contacts.add(appointment)

    async def record(self, case: str, what: str, who: Who, body: Mapping[str, Any]) -> str:
        """Something new in the plan of a case: its id."""
        receipt = await self.api.post(
            "outcomes",
            f"/plans/{case}/{what}",
            who,
            body,
            key=self.key(),
            expect=HTTPStatus.CREATED,
        )
        made: str = receipt["id"]
        return made

    async def view(self, referral: str, who: Who) -> Mapping[str, Any]:
        """A referral as this one sees it."""
        seen: Mapping[str, Any] = await self.api.get("referral", f"/referrals/{referral}", who)
        return seen

    async def until_view(self, referral: str, who: Who, what: str, **shown: object) -> None:
        """Wait until the referral shows this. Raises Unexpected, naming ``what``, where not."""

        async def ask() -> bool | None:
            seen = await self.view(referral, who)
            return True if all(seen[name] == value for name, value in shown.items()) else None

        await until(ask, what)


def _not_heard_of(answer: httpx.Response) -> bool:
    """Whether the referral service does not know of the service yet."""
    if answer.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
        return False
    faults = Problem.model_validate_json(answer.content).errors
    return [fault.pointer for fault in faults] == ["/service_id"]
