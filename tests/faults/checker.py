"""What was acknowledged against what is stored, published, applied and received."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.console.platform import TENANT
from tests.faults.stage import Stage

TOLD = frozenset({"referral-created", "appointment-attended", "goal-updated"})
TOPICS = ("referral-events", "directory-events", "outcome-events", "notification-events")


@dataclass
class Findings:
    """Sentences that name what is wrong; empty where nothing is."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    inverted: list[str] = field(default_factory=list)
    repeated_records: int = 0
    """Records on the topics beyond the first of their event: allowed, and counted."""
    repeated_messages: int = 0
    """Messages a receiver got again under the same id: allowed, and counted."""


@dataclass(frozen=True)
class Published:
    """One event on a topic: where it lies and what it is about."""

    id: str
    type: str
    subject: str
    source: str
    seq: int
    data: Mapping[str, Any]


async def check(stage: Stage) -> Findings:
    """Compare everything, once nothing is under way any more."""
    found = Findings()
    referrals = await _documents(stage, "referral", "referrals")
    plans = await _documents(stage, "outcomes", "plans")
    services = await _documents(stage, "directory", "services")
    deliveries = {
        id_: each
        for id_, each in (await _documents(stage, "notifications", "deliveries")).items()
        if each["state"]["subscription_id"] == stage.subscription
    }
    events = await _published(stage, found)
    _check_referrals(stage, referrals, found)
    _check_events(stage, events, found)
    _check_plans(stage, plans, found)
    _check_places(stage, services, found)
    _check_goals_at_referral(stage, referrals, found)
    _check_messages(stage, events, deliveries, found)
    return found


async def _documents(stage: Stage, service: str, collection: str) -> dict[str, dict[str, Any]]:
    async with stage.platform.database(service) as database:
        found = await database.collection(collection).aggregate([{"$match": {"tenant": TENANT}}])
    return {each["_id"]: each for each in found}


async def _published(stage: Stage, found: Findings) -> dict[str, Published]:
    """Events by id; notes repeats, and facts of one record that lie in the wrong order."""
    events: dict[str, Published] = {}
    latest: dict[tuple[str, str], int] = defaultdict(int)
    for topic in TOPICS:
        for record in await stage.records(topic):
            headers = {name: value.decode(errors="replace") for name, value in record.headers}
            event_id = headers.get("ce_id")
            if event_id is None:  # damaged on purpose, and no event
                continue
            if event_id in events:
                found.repeated_records += 1
                continue
            data = json.loads(record.value)
            event = Published(
                id=event_id,
                type=headers["ce_type"],
                subject=headers["ce_subject"],
                source=headers["ce_source"],
                seq=data["seq"],
                data=data,
            )
            events[event_id] = event
            key = (event.source, event.subject)
            if event.seq < latest[key]:
                found.inverted.append(
                    f"{event.type} {event.id} is number {event.seq} of {event.subject} and lies "
                    f"behind number {latest[key]}"
                )
            latest[key] = max(latest[key], event.seq)
    return events


def _check_referrals(
    stage: Stage, stored: Mapping[str, Mapping[str, Any]], found: Findings
) -> None:
    ledger = stage.load.ledger
    acknowledged = Counter(ledger.referrals.values())
    found.lost += [f"referral {id_} is not stored" for id_ in acknowledged if id_ not in stored]
    found.twice += [
        f"referral {id_} was answered to two keys" for id_, n in acknowledged.items() if n > 1
    ]
    found.twice += [
        f"referral {id_} is stored, nobody asked" for id_ in stored if id_ not in acknowledged
    ]
    for id_, document in stored.items():
        told = Counter(line["type"] for line in document["history"])
        if id_ in ledger.accepted and told["referral-accepted"] != 1:
            list_ = found.twice if told["referral-accepted"] else found.lost
            list_.append(f"referral {id_} was accepted {told['referral-accepted']} times")
        attended = {
            each["id"]
            for each in document["state"]["appointments"]
            if each["status"] == "fulfilled"
        }
        expected = {a for a, referral in ledger.attended.items() if referral == id_}
        found.lost += [f"appointment {each} is not attended" for each in expected - attended]
        found.twice += [f"appointment {each} was made twice" for each in attended - expected]


def _check_events(stage: Stage, events: Mapping[str, Published], found: Findings) -> None:
    """Each acknowledged act is one event, and no fact was told under two ids."""
    ledger = stage.load.ledger
    expected = {
        "referral-created": Counter(ledger.referrals.values()),
        "referral-accepted": Counter(ledger.accepted),
        "appointment-attended": Counter(list(ledger.attended)),
    }
    named = {
        "referral-created": "referral_id",
        "referral-accepted": "referral_id",
        "appointment-attended": "appointment_id",
    }
    for type_, wanted in expected.items():
        told = Counter(
            str(event.data[named[type_]]) for event in events.values() if event.type == type_
        )
        found.lost += [f"{type_} of {id_} is on no topic" for id_ in wanted - told]
        found.twice += [f"{type_} of {id_} was told again" for id_ in told - wanted]
    goals = Counter(
        str(event.data["goal_id"]) for event in events.values() if event.type == "goal-updated"
    )
    wanted = Counter(ledger.goals.keys()) + Counter(ledger.achieved.keys())
    found.lost += [f"goal-updated of {id_} is on no topic" for id_ in wanted - goals]
    found.twice += [f"goal-updated of {id_} was told again" for id_ in goals - wanted]
    numbered = Counter((event.source, event.subject, event.seq) for event in events.values())
    found.twice += [
        f"fact {seq} of {subject} was told under two ids"
        for (_, subject, seq), n in numbered.items()
        if n > 1
    ]


def _check_plans(stage: Stage, plans: Mapping[str, Mapping[str, Any]], found: Findings) -> None:
    ledger = stage.load.ledger
    cases = set(ledger.referrals.values()) - set(ledger.onward)
    found.lost += [f"case {id_} has no plan" for id_ in cases - set(plans)]
    found.twice += [f"plan {id_} belongs to no case" for id_ in set(plans) - cases]
    attended: Counter[str] = Counter()
    referrals: Counter[str] = Counter()
    goals: Counter[str] = Counter()
    for plan in plans.values():
        state = plan["state"]
        attended.update(
            a for a, each in state["attendance"].items() if each["status"] == "attended"
        )
        referrals.update(list(state["referrals"]))
        # The goals themselves are sealed; which there are is not.
        goals.update(plan["facets"].get("goals") or ())
    for what, wanted, kept in (
        ("attendance of", Counter(ledger.attended.keys()), attended),
        ("referral", Counter(ledger.referrals.values()), referrals),
        ("goal", Counter(ledger.goals.keys()), goals),
    ):
        found.lost += [f"{what} {id_} is in no plan" for id_ in wanted - kept]
        found.twice += [f"{what} {id_} is in the plans again" for id_ in kept - wanted]


def _check_places(stage: Stage, services: Mapping[str, Mapping[str, Any]], found: Findings) -> None:
    held = Counter(services[f"{TENANT}/{stage.load.group}"]["state"]["holds"].keys())
    wanted = Counter(stage.load.ledger.onward.keys())
    found.lost += [f"referral {id_} holds no place" for id_ in wanted - held]
    found.twice += [f"a place is held for {id_}, nobody asked" for id_ in held - wanted]


def _check_goals_at_referral(
    stage: Stage, referrals: Mapping[str, Mapping[str, Any]], found: Findings
) -> None:
    """What the practice sees: each goal of a case, as it was last said to stand."""
    for goal, case in stage.load.ledger.goals.items():
        shown = referrals[case]["state"]["goals"].get(goal) if case in referrals else None
        wanted = stage.load.ledger.achieved.get(goal)
        if shown is None:
            found.lost.append(f"goal {goal} did not reach its referral")
        elif wanted and shown["achievement_status"] != wanted:
            found.lost.append(f"goal {goal} stands at an older status at its referral")


def _check_messages(
    stage: Stage,
    events: Mapping[str, Published],
    deliveries: Mapping[str, Mapping[str, Any]],
    found: Findings,
) -> None:
    wanted = Counter(id_ for id_, event in events.items() if event.type in TOLD)
    recorded = Counter(each["state"]["about"]["event_id"] for each in deliveries.values())
    found.lost += [f"event {id_} has no delivery" for id_ in wanted - recorded]
    found.twice += [f"event {id_} has two deliveries" for id_ in recorded - wanted]
    delivered = {id_ for id_, each in deliveries.items() if each["state"]["status"] == "delivered"}
    found.lost += [f"delivery {id_} was not delivered" for id_ in set(deliveries) - delivered]
    arrivals = [each.headers["webhook-id"] for each in stage.hook.taken if each.path == "/hook"]
    taken = Counter(arrivals)
    found.lost += [f"delivery {id_} never arrived" for id_ in delivered - set(taken)]
    found.repeated_messages = sum(taken.values()) - len(taken)
    _check_order_of_arrival(arrivals, deliveries, found)


def _check_order_of_arrival(
    arrivals: Iterable[str], deliveries: Mapping[str, Mapping[str, Any]], found: Findings
) -> None:
    """Messages about one record come in the order of its facts, when first they come."""
    latest: dict[tuple[str, str], int] = defaultdict(int)
    for id_ in dict.fromkeys(arrivals):
        about = deliveries[id_]["state"]["about"]
        record, seq = (about["topic"], about["subject"]), about["facts"]["seq"]
        if seq < latest[record]:
            found.inverted.append(f"message {id_} about {record[1]} came behind a later one")
        latest[record] = max(latest[record], seq)
