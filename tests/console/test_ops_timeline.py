"""Four services' answers as one timeline: what is in order, and what is a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.console.ops.reconcile import shown_reconciliation
from services.console.ops.screen import age
from services.console.ops.timeline import gaps, listeners, timeline

NINE = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
EVENT, REQUEST, CASE = "event-1", "request-1", "case-1"


def at(seconds: float) -> str:
    return (NINE + timedelta(seconds=seconds)).isoformat()


def answer(service: str, **more: Any) -> dict[str, Any]:
    return {
        "service": service,
        "keys": [CASE],
        "records": [],
        "published": [],
        "dead_letters": [],
        "positions": [],
        "search": {"records_read": 1, "is_complete": True, "fault": None},
        **more,
    }


def referral(*, unsent: bool = False, published: bool = True, **more: Any) -> dict[str, Any]:
    """The referral service, which was asked for a referral at nine and told of it."""
    return answer(
        "referral",
        records=[
            {
                "collection": "referrals",
                "id": CASE,
                "key": CASE,
                "version": 1,
                "created_at": at(0),
                "changes": [
                    {
                        "event_id": EVENT,
                        "type": "referral-created",
                        "seq": 1,
                        "at": at(0),
                        "stated_at": at(0),
                        "actor_role": "referrer",
                        "actor_organisation": "Y90001",
                        "cause": REQUEST,
                    }
                ],
                "applied": [],
                "unsent": [{"event_id": EVENT, "type": "referral-created", "since": at(0)}]
                if unsent
                else [],
                "steps": [],
            }
        ],
        published=[
            {
                "topic": "referral-events",
                "partition": 3,
                "offset": 17,
                "at": at(0.1),
                "event_id": EVENT,
                "type": "referral-created",
                "subject": CASE,
                "trace_id": None,
                "request_id": REQUEST,
            }
        ]
        if published and not unsent
        else [],
        **more,
    )


def outcomes(committed: int, **more: Any) -> dict[str, Any]:
    """Outcomes, whose group goes on from that offset of the case's partition."""
    position = {
        "key": CASE,
        "group": "outcomes",
        "topic": "referral-events",
        "partition": 3,
        "committed_offset": committed,
        "end_offset": 18,
        "types": ["referral-created"],
    }
    return answer("outcomes", positions=[position], **more)


def test_a_whole_way_has_no_gap_and_is_told_in_order() -> None:
    plan = {
        "collection": "plans",
        "id": CASE,
        "key": CASE,
        "version": 1,
        "created_at": at(0.2),
        "changes": [],
        "applied": [{"cause": EVENT, "at": at(0.2), "version": 1}],
        "unsent": [],
        "steps": [],
    }
    answers = {"outcomes": outcomes(18, records=[plan]), "referral": referral()}

    lines = timeline(answers, now=NINE + timedelta(minutes=1))

    assert [(line.service, line.what) for line in lines] == [
        ("referral", "asked by referrer of Y90001"),
        ("referral", "stated referral-created"),
        ("referral", "published referral-created"),
        ("outcomes", "applied referral-created"),
    ]
    assert (lines[0].detail, lines[2].detail) == (
        "request request-1",
        "referral-events-3 at offset 17",
    )
    assert gaps(lines) == []
    assert listeners(answers) == {EVENT: ["outcomes"]}


def test_what_a_group_has_not_come_to_is_a_gap_with_its_age() -> None:
    answers = {"referral": referral(), "outcomes": outcomes(17)}

    (gap,) = gaps(timeline(answers, now=NINE + timedelta(seconds=42.1)))

    assert (gap.service, gap.what) == ("outcomes", "NOT APPLIED: referral-created")
    assert gap.detail == (
        "published but not applied by outcomes for 42.0 s: it is at offset 17 of 17"
    )
    assert listeners(answers) == {}


def test_what_is_seconds_old_is_on_its_way_and_no_gap() -> None:
    answers = {"referral": referral(), "outcomes": outcomes(17)}
    assert gaps(timeline(answers, now=NINE + timedelta(seconds=3))) == []
    waiting = {"referral": referral(unsent=True)}
    assert gaps(timeline(waiting, now=NINE + timedelta(seconds=3))) == []


def test_what_stays_in_the_outbox_is_a_gap() -> None:
    (gap,) = gaps(timeline({"referral": referral(unsent=True)}, now=NINE + timedelta(minutes=2)))
    assert gap.what == "NOT ON KAFKA: referral-created"
    assert gap.detail == "in the outbox of referrals case-1 for 2 min 0 s"


def test_a_fact_neither_in_the_outbox_nor_on_kafka_is_a_gap_if_all_was_read() -> None:
    lost = referral(published=False)
    (gap,) = gaps(timeline({"referral": lost}, now=NINE + timedelta(minutes=2)))
    assert gap.what == "NOT FOUND ON KAFKA: referral-created"

    partly = {**lost, "search": {"records_read": 9, "is_complete": False, "fault": None}}
    assert gaps(timeline({"referral": partly}, now=NINE + timedelta(minutes=2))) == []


def test_a_dead_letter_and_a_message_given_up_are_gaps() -> None:
    letter = {
        "event_id": EVENT,
        "type": "referral-created",
        "group": "outcomes",
        "topic": "referral-events",
        "partition": 3,
        "offset": 17,
        "error": "Invalid",
        "reason": "/kind is missing",
        "attempts": 1,
        "at": at(1),
    }
    step = {"at": at(2), "what": "given up", "failed": True, "is_still_open": True}
    delivery = {
        "collection": "deliveries",
        "id": "delivery-1",
        "key": CASE,
        "version": 1,
        "created_at": at(1),
        "changes": [],
        "applied": [],
        "unsent": [],
        "steps": [step],
    }
    answers = {
        "referral": referral(),
        "outcomes": outcomes(18, dead_letters=[letter]),
        "notifications": answer("notifications", records=[delivery]),
    }

    found = gaps(timeline(answers, now=NINE + timedelta(minutes=1)))

    assert [line.what for line in found] == ["SET ASIDE: referral-created", "message"]
    assert found[0].detail == (
        "by outcomes after 1 attempts, Invalid: /kind is missing (referral-events-3 at offset 17)"
    )


def test_a_difference_is_told_in_a_sentence_with_the_ids() -> None:
    found = {
        "facts": [{"type": "a", "hour": at(0), "accepted": 2, "published": 1}],
        "applied": [],
        "differences": [
            {
                "kind": "not-published",
                "group": None,
                "type": "referral-created",
                "hour": at(0),
                "count": 1,
                "event_ids": [EVENT],
            }
        ],
        "waiting": 0,
        "repeated": 3,
        "is_complete": True,
        "fault": None,
    }

    shown = shown_reconciliation({"referral": found}, by_hour=False)

    assert shown[2] == (
        "[red]referral: 1 referral-created of 2026-03-02T09h stated by a record, and neither on "
        "Kafka nor in an outbox:[/] event-1"
    )
    assert shown[3] == (
        "[red]1 events are not everywhere they should be.[/] 0 wait in outboxes; "
        "3 records on Kafka repeat an event."
    )


def test_a_length_of_time_is_told_in_two_units() -> None:
    lengths = [None, 0.0, 4.26, 61.0, 3600.0 + 120, 2 * 86400.0 + 3 * 3600]
    assert [age(each) for each in lengths] == [
        "",
        "0 s",
        "4.3 s",
        "1 min 1 s",
        "1 h 2 min",
        "2 d 3 h",
    ]
