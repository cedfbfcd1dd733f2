"""When a demo's counts agree, and the sentence for each way in which they do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.console.demo.figures import Figures
from services.console.demo.ledger import Ledger
from services.console.demo.settling import UnderWay
from services.console.demo.stores import KeptDelivery, KeptPlan, KeptReferral, Stored
from services.console.demo.subscribers import Subscription
from services.console.demo.topics import Published
from services.console.demo.verdict import (
    Agreement,
    Evidence,
    Told,
    agreements,
    faults,
    percentile,
    to_last_effect,
)
from shared.events import (
    AppointmentAttended,
    Event,
    EventActor,
    GoalUpdated,
    ReferralCreated,
    ReferralKind,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACTOR = EventActor(role="referrer", organisation="Y90001")
CASE = {
    "tenant": "icb-demo",
    "occurred_at": NOON,
    "actor": ACTOR,
    "case_id": "case-1",
    "person_id": "person-1",
    "source_organisation_id": "Y90001",
    "team_organisation_id": "team",
}


def created(referral_id: str, kind: ReferralKind, provider: str) -> Event:
    return ReferralCreated.model_validate(
        {
            **CASE,
            "referral_id": referral_id,
            "kind": kind,
            "service_id": "service",
            "referrer_organisation_id": "Y90001",
            "provider_organisation_id": provider,
        }
    )


EVENTS: dict[str, Event] = {
    "event-1": created("case-1", "intake", "team"),
    "event-2": created("onward-1", "onward", "group"),
    "event-3": AppointmentAttended.model_validate(
        {**dict(created("case-1", "intake", "team")), "appointment_id": "appointment-1"}
    ),
    "event-4": GoalUpdated.model_validate(
        {
            **CASE,
            "goal_id": "goal-1",
            "change": "set",
            "lifecycle_status": "active",
            "achievement_status": "in-progress",
        }
    ),
}


def told_of(
    event_id: str, subject: str, channel: str, subscription: str, seconds: float
) -> KeptDelivery:
    return KeptDelivery(
        event_id=event_id,
        event_type="referral-created",
        event_subject=subject,
        subscription_id=subscription,
        channel=channel,
        status="delivered",
        attempts=1,
        ended_at=NOON + timedelta(seconds=seconds),
    )


def good() -> Evidence:
    """One intake and one onward referral, all as it should be.

    The practice hears of both by mail, the group of its own by webhook: three messages.
    """
    return Evidence(
        ledger=Ledger(
            referrals={"case-1", "onward-1"},
            contacts={"appointment-1"},
            goals={"goal-1"},
            places={"onward-1"},
        ),
        subscriptions=[
            Subscription("by-mail", "Y90001", ("referral-created",)),
            Subscription("by-webhook", "group", ("referral-created", "referral-withdrawn")),
        ],
        stored=Stored(
            referrals={
                "case-1": KeptReferral(
                    "intake", "in_progress", NOON, {"appointment-1"}, {"goal-1"}
                ),
                "onward-1": KeptReferral("onward", "submitted", NOON, set(), set()),
            },
            plans={
                "case-1": KeptPlan(
                    {"case-1", "onward-1"},
                    {"appointment-1"},
                    {"goal-1"},
                    NOON + timedelta(seconds=0.5),
                )
            },
            places={"onward-1"},
            deliveries={
                "mail-1": told_of("event-1", "case-1", "email", "by-mail", 0.25),
                "mail-2": told_of("event-2", "onward-1", "email", "by-mail", 1.0),
                "hook-1": told_of("event-2", "onward-1", "webhook", "by-webhook", 2.0),
            },
        ),
        published=Published(EVENTS, repeats=0),
        dead_letters=0,
        figures={
            "referral": Figures(
                published=Counter({"referral-created": 2, "appointment-attended": 1})
            ),
            "outcomes": Figures(
                published=Counter({"goal-updated": 1}),
                applied={"outcomes": Counter({"referral-created": 2, "appointment-attended": 1})},
            ),
        },
        listening={"outcomes": {"referral-created", "appointment-attended"}},
        told=Told(verified={"hook-1"}, refused=0, again=0, mails={"mail-1", "mail-2"}),
        waiting=UnderWay(0, 0, 0),
    )


def test_nothing_is_said_where_all_agrees() -> None:
    assert all(each.agrees for each in agreements(good()))
    assert faults(good()) == []


def test_a_referral_that_was_acknowledged_and_is_not_stored_is_named() -> None:
    evidence = good()
    evidence.ledger.referrals.add("lost-1")

    assert faults(evidence) == [
        "Does not agree: Referrals: 3 acknowledged, 2 stored, 2 published, 2 applied."
    ]


def test_as_many_but_others_is_no_agreement() -> None:
    evidence = good()
    evidence.ledger.goals.clear()
    evidence.ledger.goals.add("another-goal")

    (fault,) = faults(evidence)
    assert fault.startswith("Does not agree: Goals: 1 acknowledged, 1 stored, 1 published")
    assert fault.endswith(", but not the same ones.")


def test_an_event_that_was_not_applied_is_named_with_who_should_have() -> None:
    evidence = good()
    evidence.applied["outcomes"]["referral-created"] = 1

    assert faults(evidence) == [
        "Does not agree: 2 referral-created published, 1 applied by outcomes."
    ]


def test_an_event_on_the_topic_that_no_relay_counted_is_named() -> None:
    evidence = good()
    evidence.figures["referral"].published["referral-created"] = 1

    assert faults(evidence) == [
        "Does not agree: 1 referral-created published by the relays' count, 2 on the topic."
    ]


def test_an_event_applied_twice_after_a_repeat_is_no_fault() -> None:
    evidence = good()
    evidence.applied["outcomes"]["referral-created"] = 3

    assert faults(evidence) == []


def test_a_message_that_was_never_recorded_is_named() -> None:
    evidence = good()
    stored = replace(
        evidence.stored,
        deliveries={
            id_: each for id_, each in evidence.stored.deliveries.items() if id_ != "mail-1"
        },
    )

    assert faults(replace(evidence, stored=stored)) == [
        "Does not agree: Messages due: 3 published, 2 stored, 2 applied.",
        "Does not agree: Mails: 1 delivered, 2 taken.",
    ]


def test_a_webhook_said_to_be_delivered_that_nobody_verified_is_named() -> None:
    evidence = good()
    told = replace(evidence.told, verified=frozenset(), refused=2)

    assert faults(replace(evidence, told=told)) == [
        "Does not agree: Webhooks: 1 delivered, 0 verified.",
        "Webhooks without a good signature: 2.",
    ]


def test_a_place_that_was_not_held_is_named() -> None:
    evidence = good()

    assert faults(replace(evidence, stored=replace(evidence.stored, places=frozenset()))) == [
        "Does not agree: Places held: 1 acknowledged, 0 applied."
    ]


def test_dead_letters_unsettled_work_and_broken_journeys_are_faults() -> None:
    evidence = replace(good(), dead_letters=2, waiting=UnderWay(1, 1200, 3))
    evidence.ledger.broken.extend(["one thing", "another thing", "another thing"])

    assert faults(evidence) == [
        f"Not everything settled in time: {evidence.waiting}.",
        "Journeys that broke off: 3; 2 of them as another thing.",
        "Dead letters, events that could not be applied: 2.",
    ]
    assert str(evidence.waiting) == (
        "records unpublished 1, events unapplied 1,200, messages unsent 3"
    )


def test_an_agreement_may_have_any_stages() -> None:
    assert Agreement("Things", {"here": {1, 2}, "there": {2, 1}}).agrees
    assert not Agreement("Things", {"here": {1}, "there": {2}}).agrees


def test_the_last_effect_is_the_plan_or_the_last_message_about_the_making() -> None:
    # The intake: mail after 0.25 s, plan after 0.5 s. The onward: mail 1 s, webhook 2 s.
    assert to_last_effect(good().stored) == [timedelta(seconds=0.5), timedelta(seconds=2)]


@pytest.mark.parametrize(
    ("percent", "seconds"),
    [(50, 2), (75, 3), (99, 4), (100, 4), (0, 1)],
)
def test_a_percentile_is_the_nearest_rank(percent: float, seconds: int) -> None:
    ordered = [timedelta(seconds=each) for each in (1, 2, 3, 4)]

    assert percentile(ordered, percent) == timedelta(seconds=seconds)
