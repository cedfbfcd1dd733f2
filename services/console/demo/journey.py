"""One person's journey, each step over the public APIs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Any

import httpx

from services.console.demo.api import Problem, Unexpected, Who, said, until
from services.console.demo.paths import Intake, Onward, Path
from services.console.demo.people import Person
from services.console.demo.stage import Milestone, Stage
from services.console.demo.world import Practice

_NEAR_METRES = 10_000
_LOOKED_AT = 20
_DECLINE_REASONS = ("no_capacity", "not_eligible", "wrong_service")
_WORDINGS = (
    "Get out of the house for it twice a week.",
    "Feel less worried about it by the spring.",
)


class Journey:
    """A person's way from their practice to a link worker, a community group and back."""

    def __init__(self, person: Person, path: Path, practice: Practice, stage: Stage) -> None:
        self._person, self._path, self._practice, self._stage = person, path, practice, stage
        self._api, self._ledger = stage.api, stage.ledger
        self._from_practice = Who("referrer", practice.id)
        self._link_worker = Who("link_worker", practice.team.organisation)
        self._keys: Iterator[int] = count(1)
        chance = random.Random(person.nhs_number)  # noqa: S311 - a choice wants a seed, not secrecy
        self._chance = chance
        codes, weights = zip(*sorted(stage.world.needs.items()), strict=True)
        self._needs: Sequence[str] = sorted(set(chance.choices(codes, weights, k=2)))
        self._tried: set[str] = set()

    async def play(self) -> None:
        """From the first referral to the end of the path. Raises Unexpected."""
        await self._stage.subscribers.practice(self._practice.id)
        await self._stage.subscribers.team(self._practice.team.organisation)
        case = await self._refer(self._from_practice, self._intake())
        self._stage.reached(Milestone.REFERRED)
        if self._path.referred_twice:
            await self._refer_again(case)
        if await self._answered(case) and self._path.onward is not None:
            goals = await self._meet(case)
            self._stage.reached(Milestone.MET)
            await self._find_and_refer_on(case, self._path.onward)
            await self._progress(case, goals)
            if self._path.case_ends:
                await self._act(case, "complete", self._link_worker, outcome_code="goals_met")
        self._stage.reached(Milestone.ENDED)

    def _intake(self) -> dict[str, Any]:
        return {
            "kind": "intake",
            "service_id": self._practice.team.service_id,
            "person": self._person.as_new(self._practice.district),
            **self._asking(),
        }

    def _asking(self) -> dict[str, Any]:
        wish = " and ".join(self._label(code) for code in self._needs)
        return {
            "need_codes": self._needs,
            "reason": f"Would like help with {wish}.",
            "consent": {"given": True, "method": "verbal"},
        }

    def _label(self, code: str) -> str:
        label = self._stage.world.labels.get(code, code)
        return label[0].lower() + label[1:]

    async def _refer(self, who: Who, body: Mapping[str, Any]) -> str:
        """The new referral's id; a service just published may not have been heard of yet."""
        key = self._key()

        async def ask() -> Any:
            answer = await self._api.try_post("referral", "/referrals", who, body, key=key)
            if answer.status_code == HTTPStatus.CREATED:
                return answer.json()
            if _not_heard_of(answer):
                return None
            raise Unexpected(
                f"referral answered {answer.status_code} to a referral: {said(answer)}"
            )

        receipt = await until(ask, "the referral service to hear of a service")
        referral_id: str = receipt["id"]
        self._ledger.referrals.add(referral_id)
        return referral_id

    async def _refer_again(self, case: str) -> None:
        """A mistake: it is to be refused, naming the referral there is."""
        answer = await self._api.try_post(
            "referral", "/referrals", self._from_practice, self._intake(), key=self._key()
        )
        if answer.status_code != HTTPStatus.CONFLICT or answer.json().get("referral_id") != case:
            raise Unexpected(
                f"a second referral of the same person got {answer.status_code} instead of a 409 "
                "that names the first"
            )
        self._ledger.duplicates += 1

    async def _answered(self, case: str) -> bool:
        """Whether the team takes the person on."""
        if self._path.intake is Intake.WITHDRAWN:
            await self._act(case, "withdraw", self._from_practice, reason_code="person_declined")
            return False
        if self._path.intake is Intake.DECLINED:
            await self._act(case, "decline", self._link_worker, reason_code="wrong_service")
            return False
        if self._path.intake is Intake.WAITLISTED:
            await self._act(case, "waitlist", self._link_worker)
        await self._act(case, "accept", self._link_worker, assigned_to=f"worker-{case[-1]}")
        return True

    async def _meet(self, case: str) -> Sequence[str]:
        """The first appointment, what matters to the person, and two goals: their ids."""
        await self._appointment(case, self._link_worker, "attend")
        await until(
            lambda: self._api.find("outcomes", f"/plans/{case}", self._link_worker),
            "outcomes to open the plan",
        )
        needs = [
            {"need_code": code, "importance": self._chance.randint(5, 10)} for code in self._needs
        ]
        await self._record(case, "assessments", {"needs": needs})
        goals = [
            await self._record(
                case,
                "goals",
                {
                    "wording": wording,
                    "need_code": self._chance.choice(self._needs),
                    "confidence": self._chance.randint(2, 6),
                },
            )
            for wording in _WORDINGS
        ]
        self._ledger.goals.update(goals)
        return goals

    async def _find_and_refer_on(self, case: str, onward: Onward) -> None:
        """Find a community service, refer on, and follow what the group makes of it."""
        if onward is Onward.SIGNPOSTED:
            if service := await self._choose(must_be_free=False):
                await self._refer_on(case, service, kind="signpost")
            return
        found = await self._onward(case)
        if found and onward is Onward.DECLINED:
            referral, group = found
            reason = self._chance.choice(_DECLINE_REASONS)
            await self._act(referral, "decline", group, reason_code=reason)
            found = await self._onward(case)
        if not found:
            self._ledger.unplaced += 1
            return
        referral, group = found
        self._stage.reached(Milestone.REFERRED_ON)
        if onward is Onward.WAITLISTED:
            await self._act(referral, "waitlist", group)
        await self._act(referral, "accept", group)
        await self._appointment(referral, group, "attend")
        if onward is Onward.WITHDRAWN:
            await self._act(referral, "withdraw", self._link_worker, reason_code="person_declined")
            return
        await self._appointment(referral, group, "miss")
        await self._appointment(referral, group, "attend")
        outcome = self._chance.choice(("goals_met", "goals_met", "partly_met"))
        await self._act(referral, "complete", group, outcome_code=outcome)

    async def _onward(self, case: str) -> tuple[str, Who] | None:
        """A referral to a service with a free place, and who gives it; None where all are full."""
        service = await self._choose(must_be_free=True)
        if service is None:
            return None
        referral = await self._refer_on(case, service, kind="onward")
        if service["capacity"]:
            self._ledger.places.add(referral)
        return referral, Who("provider", service["organization"]["id"])

    async def _refer_on(self, case: str, service: Mapping[str, Any], *, kind: str) -> str:
        await self._stage.subscribers.group(service["organization"]["id"])
        body = {"kind": kind, "case_id": case, "service_id": service["id"], **self._asking()}
        return await self._refer(self._link_worker, body)

    async def _choose(self, *, must_be_free: bool) -> Mapping[str, Any] | None:
        """The nearest fitting service: by need and near, then further, then whatever there is."""
        place = {"postcode": self._practice.district} if self._practice.district else {}
        near = {**place, "proximity": _NEAR_METRES} if place else {}
        for wanted in ({"need": self._needs, **near}, {"need": self._needs, **place}, {}):
            found = await self._api.get(
                "directory",
                "/services",
                self._link_worker,
                service_role="community",
                limit=_LOOKED_AT,
                **wanted,
            )
            for service in found["items"]:
                if service["id"] not in self._tried and self._fits(service, must_be_free):
                    self._tried.add(service["id"])
                    return dict(service)
        return None

    def _fits(self, service: Mapping[str, Any], must_be_free: bool) -> bool:  # noqa: FBT001 - private
        age = self._person.age(datetime.now(UTC).date())
        low, high = service["minimum_age"], service["maximum_age"]
        if (low is not None and age < low) or (high is not None and age > high):
            return False
        capacity = service["capacity"]
        return not must_be_free or capacity is None or capacity["available"] > 0

    async def _progress(self, case: str, goals: Sequence[str]) -> None:
        """One goal is reached, the other comes nearer, and the practice sees it."""
        steps = dict(zip(goals, ("achieved", "improving"), strict=True))
        for goal, achievement in steps.items():
            await self._api.post(
                "outcomes",
                f"/plans/{case}/goals/{goal}/progress",
                self._link_worker,
                {"achievement_status": achievement, "confidence": self._chance.randint(6, 10)},
                key=self._key(),
            )

        async def seen() -> bool | None:
            view = await self._api.get("referral", f"/referrals/{case}", self._from_practice)
            shown = {goal: said["achievement_status"] for goal, said in view["goals"].items()}
            return True if shown == steps else None

        await until(seen, "the practice to see how the goals stand")

    async def _appointment(self, referral: str, who: Who, outcome: str) -> None:
        booked = await self._api.post(
            "referral",
            f"/referrals/{referral}/appointments",
            who,
            {"start": datetime.now(UTC).isoformat()},
            key=self._key(),
            expect=HTTPStatus.CREATED,
        )
        appointment: str = booked["appointment_id"]
        await self._api.post(
            "referral",
            f"/referrals/{referral}/appointments/{appointment}/{outcome}",
            who,
            key=self._key(),
        )
        self._ledger.contacts.add(appointment)

    async def _act(self, referral: str, command: str, who: Who, **body: str) -> None:
        path = f"/referrals/{referral}/{command}"
        sent = None if command == "waitlist" else body
        await self._api.post("referral", path, who, sent, key=self._key())

    async def _record(self, case: str, what: str, body: Mapping[str, Any]) -> str:
        receipt = await self._api.post(
            "outcomes",
            f"/plans/{case}/{what}",
            self._link_worker,
            body,
            key=self._key(),
            expect=HTTPStatus.CREATED,
        )
        made: str = receipt["id"]
        return made

    def _key(self) -> str:
        return f"{self._person.number}-{next(self._keys)}"


def _not_heard_of(answer: httpx.Response) -> bool:
    """Whether the referral service does not know of the service yet."""
    if answer.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
        return False
    faults = Problem.model_validate_json(answer.content).errors
    return [fault.pointer for fault in faults] == ["/service_id"]
