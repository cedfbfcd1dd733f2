"""Finding a community service for someone, as a link worker does: matched, near, with a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from services.console.demo.api import Who
from services.console.demo.caller import Caller

_NEAR_METRES = 10_000
_LOOKED_AT = 20


class Finding:
    """Services for one person; none is chosen twice."""

    def __init__(self, call: Caller, district: str | None, needs: Sequence[str], age: int) -> None:
        self._call = call
        self._district = district
        self._needs = needs
        self._age = age
        self._tried: set[str] = set()

    async def choose(self, who: Who, *, must_be_free: bool) -> Mapping[str, Any] | None:
        """The best match near, else further away, else whatever there is; None where all is full.

        What is needed and not found near is noted, so that the gap can be seen.
        """
        place = {"place": {"postcode": self._district}} if self._district else {}
        near = {**place, "within_metres": _NEAR_METRES} if place else {}
        asked = {
            "need_codes": list(self._needs),
            "age": self._age,
            "free_place": must_be_free,
            "limit": _LOOKED_AT,
        }
        for where in (near, place) if place else ({},):
            found = await self._call.api.post(
                "directory", "/matches", who, {**asked, **where}, key=self._call.key()
            )
            if chosen := self._first_new([each["service"] for each in found["matches"]]):
                return chosen
            await self._note_unmet(who, found["unmet"])
        return await self._any(who, must_be_free=must_be_free)

    async def _note_unmet(self, who: Who, unmet: Sequence[Mapping[str, Any]]) -> None:
        for each in unmet:
            body = {"need_code": each["need_code"], "reason_code": each["reason_code"]}
            if self._district:
                body["postcode_district"] = self._district
            await self._call.api.post(
                "directory",
                "/unmet-needs",
                who,
                body,
                key=self._call.key(),
                expect=HTTPStatus.CREATED,
            )
            self._call.ledger.unmet += 1

    async def _any(self, who: Who, *, must_be_free: bool) -> Mapping[str, Any] | None:
        found = await self._call.api.get(
            "directory", "/services", who, service_role="community", limit=_LOOKED_AT
        )
        return self._first_new(
            [each for each in found["items"] if self._fits(each, must_be_free=must_be_free)]
        )

    def _first_new(self, services: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        for service in services:
            if service["id"] not in self._tried:
                self._tried.add(service["id"])
                return service
        return None

    def _fits(self, service: Mapping[str, Any], *, must_be_free: bool) -> bool:
        low, high = service["minimum_age"], service["maximum_age"]
        if (low is not None and self._age < low) or (high is not None and self._age > high):
            return False
        capacity = service["capacity"]
        return not must_be_free or capacity is None or capacity["available"] > 0
