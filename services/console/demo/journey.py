"""One person's journey with their link worker, each step over the public APIs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from services.console.demo.api import Unexpected, Who, until
from services.console.demo.caller import Caller
from services.console.demo.finding import Finding
from services.console.demo.onward import Service, support
from services.console.demo.paths import CUT_SHORT, Intake, Onward, Path
from services.console.demo.people import Person
from services.console.demo.stage import Milestone, Stage
from services.console.demo.world import Practice

_WORDINGS = (
    "Get out of the house for it twice a week.",
    "Feel less worried about it by the spring.",
)
_PROVIDER = "provider_organisation_id"
_LONELY = {"companionship": 3, "left_out": 3, "isolated": 2}
_LESS_LONELY = {"companionship": 2, "left_out": 1, "isolated": 1}


class Journey:
    """A person's way from their practice to a link worker, a community group and back."""

    def __init__(self, person: Person, path: Path, practice: Practice, stage: Stage) -> None:
        self.path = path
        self._person, self._practice, self._stage = person, practice, stage
        self._call = Caller(person.number, stage)
        self._from_practice = Who("referrer", practice.id)
        self._link_worker = Who("link_worker", practice.team.organisation)
        chance = random.Random(person.nhs_number)  # noqa: S311 - a choice wants a seed, not secrecy
        self._chance = chance
        codes, weights = zip(*sorted(stage.world.needs.items()), strict=True)
        self._needs: Sequence[str] = sorted(set(chance.choices(codes, weights, k=2)))
        self._finding = Finding(
            self._call, practice.district, self._needs, person.age(datetime.now(UTC).date())
        )
        self._case = ""
        self._onward: str | None = None

    async def play(self) -> None:
        """From the first referral to the end of the path, or to where weeks must pass."""
        await self._stage.subscribers.practice(self._practice.id)
        await self._stage.subscribers.team(self._practice.team.organisation)
        self._case = await self._call.refer(self._from_practice, "/referrals", self._intake())
        self._stage.reached(Milestone.REFERRED)
        if self.path.referred_twice:
            await self._refer_again()
        if await self._answered() and self.path.onward is not None:
            goals = await self._meet()
            self._stage.reached(Milestone.MET)
            await self._find_and_refer_on(self.path.onward)
            if self.path.onward not in CUT_SHORT:
                await self._progress(goals)
                if self.path.case_ends and not self.path.comes_back:
                    await self._close()
        self._stage.reached(Milestone.ENDED)

    async def come_back(self) -> None:
        """What goes on once weeks have passed: nobody was lost from sight."""
        case, worker = self._case, self._link_worker
        if self.path.intake is Intake.UNANSWERED:
            await self._call.until_view(
                case, self._from_practice, "the referral to expire", status="expired"
            )
            return
        if self._onward is None:
            return
        if self.path.onward is Onward.SIGNPOSTED:
            await self._call.act(self._onward, "follow-up", worker, outcome_code="attended")
        elif self.path.onward is Onward.STILL_WAITING:
            await self._reviewed(self._onward)
        else:
            await self._take_elsewhere(self._onward)
        if self.path.case_ends:
            await self._close()

    async def _reviewed(self, referral: str) -> None:
        async def due() -> bool | None:
            seen = await self._call.api.get(
                "referral", f"/referrals/{referral}/history", self._link_worker
            )
            told = [line["type"] for line in seen["items"]]
            return True if "referral-review-due" in told else None

        await until(due, "the place on the waiting list to be due for review")
        group = Who("provider", (await self._call.view(referral, self._link_worker))[_PROVIDER])
        await self._call.act(referral, "review", group)

    async def _take_elsewhere(self, referral: str) -> None:
        """The referral led nowhere: another service takes the person."""
        worker = self._link_worker

        async def flagged() -> bool | None:
            seen = await self._call.view(referral, worker)
            return True if seen["reroute_needed"] else None

        await until(flagged, "the link worker to be told that another service is needed")
        service = await self._finding.choose(worker, must_be_free=True)
        if service is None:
            self._call.ledger.unplaced += 1
            return
        body = {
            "service_id": service["id"],
            "reason": "The first service cannot help any more.",
            "consent": {"given": True, "method": "verbal"},
        }
        await self._stage.subscribers.group(service["organization"]["id"])
        path = f"/referrals/{referral}/reroute"
        found = Service(await self._call.refer(worker, path, body), service)
        self._call.ledger.places.add(found.referral)
        await support(self._call, found, Onward.ACCEPTED, worker, self._chance)

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

    async def _refer_again(self) -> None:
        """A mistake: it is to be refused, naming the referral there is."""
        answer = await self._call.api.try_post(
            "referral", "/referrals", self._from_practice, self._intake(), key=self._call.key()
        )
        refused = answer.status_code == HTTPStatus.CONFLICT
        if not refused or answer.json().get("referral_id") != self._case:
            raise Unexpected(
                f"a second referral of the same person got {answer.status_code} instead of a 409 "
                "that names the first"
            )
        self._call.ledger.duplicates += 1

    async def _answered(self) -> bool:
        """Whether the team takes the person on."""
        case, call = self._case, self._call
        if self.path.intake is Intake.UNANSWERED:
            return False
        if self.path.intake is Intake.WITHDRAWN:
            await call.act(case, "withdraw", self._from_practice, reason_code="person_declined")
            return False
        if self.path.intake is Intake.DECLINED:
            await call.act(case, "decline", self._link_worker, reason_code="wrong_service")
            return False
        if self.path.intake is Intake.WAITLISTED:
            await call.act(case, "waitlist", self._link_worker)
        await call.act(case, "accept", self._link_worker)
        return True

    async def _meet(self) -> Sequence[str]:
        """The first appointment, what matters to the person, and two goals: their ids."""
        case, call, worker = self._case, self._call, self._link_worker
        await call.meet(case, worker, "attend")
        await until(
            lambda: call.api.find("outcomes", f"/plans/{case}", worker),
            "outcomes to open the plan",
        )
        groups = self._stage.world.groups
        needs = [
            {
                "need_code": code,
                "group": groups[code],
                "importance": self._chance.randint(5, 10),
                "readiness": self._chance.randint(2, 9),
            }
            for code in self._needs
        ]
        await call.record(case, "assessments", worker, {"needs": needs})
        await call.record(
            case,
            "measures",
            worker,
            {"instrument": "ucla3", "stage": "baseline", "answers": _LONELY},
        )
        goals = [
            await call.record(
                case,
                "goals",
                worker,
                {
                    "wording": wording,
                    "need_code": self._chance.choice(self._needs),
                    "confidence": self._chance.randint(2, 6),
                },
            )
            for wording in _WORDINGS
        ]
        call.ledger.goals.update(goals)
        return goals

    async def _find_and_refer_on(self, onward: Onward) -> None:
        """Find a community service, refer on, and follow what the group makes of it."""
        worker = self._link_worker
        if onward is Onward.SIGNPOSTED:
            if service := await self._finding.choose(worker, must_be_free=False):
                self._onward = await self._refer_on(service, kind="signpost")
            return
        found = await self._placed(onward)
        if found and onward is Onward.DECLINED:
            reason = self._chance.choice(("no_capacity", "not_eligible", "wrong_service"))
            await self._call.act(found.referral, "decline", found.group, reason_code=reason)
            found = await self._placed(onward)
        if not found:
            self._call.ledger.unplaced += 1
            return
        self._onward = found.referral
        self._stage.reached(Milestone.REFERRED_ON)
        await support(self._call, found, onward, worker, self._chance)

    async def _placed(self, onward: Onward) -> Service | None:
        """A referral to a service with a free place; None where all are full."""
        if onward is Onward.CLOSED:
            service: Mapping[str, Any] | None = self._stage.world.closing
        else:
            service = await self._finding.choose(self._link_worker, must_be_free=True)
        if service is None:
            return None
        return Service(await self._refer_on(service, kind="onward"), service)

    async def _refer_on(self, service: Mapping[str, Any], *, kind: str) -> str:
        await self._stage.subscribers.group(service["organization"]["id"])
        body = {"kind": kind, "case_id": self._case, "service_id": service["id"], **self._asking()}
        referral = await self._call.refer(self._link_worker, "/referrals", body)
        if kind == "onward":
            self._call.ledger.places.add(referral)
        return referral

    async def _progress(self, goals: Sequence[str]) -> None:
        """One goal is reached, the other comes nearer, and the practice sees it."""
        case, worker = self._case, self._link_worker
        steps = dict(zip(goals, ("achieved", "improving"), strict=True))
        for goal, achievement in steps.items():
            await self._call.api.post(
                "outcomes",
                f"/plans/{case}/goals/{goal}/progress",
                worker,
                {"achievement_status": achievement, "confidence": self._chance.randint(6, 10)},
                key=self._call.key(),
            )

        async def seen() -> bool | None:
            view = await self._call.view(case, self._from_practice)
            shown = {goal: said["achievement_status"] for goal, said in view["goals"].items()}
            return True if shown == steps else None

        await until(seen, "the practice to see how the goals stand")

    async def _close(self) -> None:
        """Ask once more how the person is, and close the case."""
        await self._call.record(
            self._case,
            "measures",
            self._link_worker,
            {"instrument": "ucla3", "stage": "final", "answers": _LESS_LONELY},
        )
        await self._call.act(self._case, "complete", self._link_worker, outcome_code="goals_met")
