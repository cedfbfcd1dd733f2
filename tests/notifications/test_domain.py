import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain import (
    Delivery,
    Outcome,
    OutcomeCode,
    RetryPolicy,
    cancel,
    check_room,
    delivery_of,
    disable,
    hears,
    hold,
    let_go,
    record_attempt,
    resend,
)
from shared.cause import Actor
from shared.errors import Conflict, Invalid
from shared.events import (
    Event,
    NotificationDelivered,
    NotificationFailed,
)
from tests.notifications.examples import (
    CODE,
    GROUP,
    NOON,
    PRACTICE,
    REFERRER,
    TEAM,
    TENANT,
    TRACE,
    accepted,
    capacity_changed,
    created,
    delivery,
    goal_updated,
    heard,
    pending,
    seconds,
    subscription,
)

POLICY = RetryPolicy(waits=(seconds(0), seconds(5), seconds(300)))
DELIVERED = Outcome(code="delivered", status_code=204)
REJECTED = Outcome(code="rejected", status_code=500)


def tried(
    state: Delivery, outcome: Outcome, *, after: float = 1.0, jitter: float = 0.0
) -> tuple[Delivery, Sequence[Event]]:
    """The delivery after an attempt that began ``after`` seconds past noon and took 250 ms."""
    started = NOON + seconds(after)
    cause = heard("attempt", at=started + seconds(0.25))
    return record_attempt(state, outcome, cause, started=started, policy=POLICY, jitter=jitter)


def test_a_webhook_subscription_is_of_the_actors_organisation_and_silent_at_first() -> None:
    made = pending("referral-created", "goal-updated", "referral-created", actor=REFERRER)
    assert (made.tenant, made.organisation_id, made.status) == (TENANT, PRACTICE, "pending")
    assert made.event_types == ("goal-updated", "referral-created")
    assert made.created_at == NOON
    assert made.challenge
    assert made.challenge.next_attempt_at == NOON
    assert not hears(made, created())


def test_an_e_mail_subscription_has_no_key() -> None:
    assert subscription(channel="email", address="office@example.org").keys == ()


def test_a_key_an_address_and_a_challenge_are_not_in_a_subscriptions_text() -> None:
    made = pending(contact="office@example.org")
    text = repr(made)
    for hidden in (made.keys[0].sealed, "hooks.example.org", CODE, "office@example.org"):
        assert hidden not in text


def test_an_event_type_that_does_not_exist_is_named_by_its_place() -> None:
    with pytest.raises(Invalid) as refused:
        subscription("referral-created", "referral-exploded", "notification-failed")
    assert [each.pointer for each in refused.value.errors] == ["/event_types/1", "/event_types/2"]
    assert "referral-withdrawn" in refused.value.errors[0].reason


@pytest.mark.parametrize("organisation", [PRACTICE, TEAM, GROUP])
def test_each_party_of_a_referral_may_hear_of_it(organisation: str) -> None:
    actor = Actor("x", "provider", organisation, TENANT)
    assert hears(subscription(actor=actor), created())


def test_what_is_not_subscribed_to_is_not_heard() -> None:
    stranger = Actor("x", "provider", "another-group", TENANT)
    foreign = Actor("x", "provider", GROUP, "icb-other")
    assert not hears(subscription(actor=stranger), created())
    assert not hears(subscription(actor=foreign), created())
    assert not hears(subscription("referral-created"), accepted())
    ended, _ = disable(subscription(), "unsubscribed", NOON)
    assert not hears(ended, created())


def test_old_news_is_not_told_to_a_new_subscriber() -> None:
    assert not hears(subscription(at=NOON + seconds(7201)), created())
    assert hears(subscription(at=NOON + seconds(7200)), created())  # clocks differ


def test_ending_a_subscription_twice_changes_nothing() -> None:
    ended, events = disable(subscription(), "gone", NOON)
    assert (ended.status, ended.disabled_reason, events) == ("disabled", "gone", ())
    assert disable(ended, "unsubscribed", NOON) == (ended, ())


def test_an_organisation_may_have_twenty_active_subscriptions() -> None:
    check_room(19)
    with pytest.raises(Conflict) as refused:
        check_room(20)
    assert refused.value.context == {"limit": 20}


def test_a_delivery_is_due_at_once_and_carries_ids_and_codes_only() -> None:
    to = subscription()
    made = delivery_of(created(), to, heard("event-1"))
    assert (made.status, made.next_attempt_at, made.attempts) == ("queued", NOON, ())
    assert (made.subscription_id, made.organisation_id, made.part) == (to.id, GROUP, "provider")
    assert made.traceparent == TRACE
    assert made.about.facts == {
        "seq": 1,
        "case_id": "0190c0de-0000-7000-8000-000000000001",
        "referral_id": "0190c0de-0000-7000-8000-000000000002",
        "kind": "onward",
        "service_id": "0190c0de-0000-7000-8000-000000000003",
    }


def test_a_message_made_while_the_clock_here_is_ahead_is_due_all_the_same() -> None:
    ahead = heard("event-1", at=NOON + seconds(3600))
    made = delivery_of(created(occurred_at=NOON), subscription(), ahead)
    assert made.next_attempt_at == NOON


def test_a_message_made_while_the_clock_there_was_ahead_is_due_now() -> None:
    made = delivery_of(
        created(occurred_at=NOON + seconds(3600)), subscription(), heard("event-1", at=NOON)
    )
    assert made.next_attempt_at == NOON


def test_the_facts_of_a_goal_and_of_a_service_are_told() -> None:
    assert delivery(goal_updated()).about.facts == {
        "seq": 7,
        "case_id": "0190c0de-0000-7000-8000-000000000001",
        "goal_id": "goal-1",
        "change": "progressed",
        "lifecycle_status": "active",
        "achievement_status": "improving",
    }
    assert delivery(capacity_changed()).about.facts == {
        "seq": 4,
        "service_id": "0190c0de-0000-7000-8000-000000000003",
        "unit": "places",
        "maximum": 8,
        "available": 3,
        "waiting": 0,
    }


def test_a_delivery_holds_neither_the_person_nor_the_worker_nor_the_need() -> None:
    for event in (created(), accepted(), goal_updated()):
        text = json.dumps(delivery(event).model_dump(mode="json"))
        assert "0190c0de-0000-7000-8000-0000000000aa" not in text
        assert "worker-1" not in text
        assert "loneliness" not in text


def test_the_same_event_and_subscription_make_the_same_delivery() -> None:
    one, other = subscription(), subscription()
    assert delivery(to=one, event_id="e1").id == delivery(to=one, event_id="e1").id
    assert delivery(to=one, event_id="e1").id != delivery(to=other, event_id="e1").id
    assert delivery(to=one, event_id="e1").id != delivery(to=one, event_id="e2").id


def test_a_party_that_is_not_the_provider_is_informed() -> None:
    assert delivery(to=subscription(actor=REFERRER)).part == "informed"


def test_taken_means_delivered_and_told() -> None:
    queued = delivery(event_id="event-1")
    state, events = tried(queued, DELIVERED)
    assert (state.status, state.next_attempt_at) == ("delivered", None)
    [attempt] = state.attempts
    assert attempt.at == NOON + seconds(1)
    assert (attempt.outcome, attempt.status_code, attempt.duration_ms) == ("delivered", 204, 250)
    [event] = events
    assert isinstance(event, NotificationDelivered)
    assert event.delivery_id == queued.id
    assert (event.about_event_id, event.about_event_type) == ("event-1", "referral-created")
    assert event.key == "0190c0de-0000-7000-8000-000000000001"
    assert (event.organisation_id, event.channel, event.attempts) == (GROUP, "webhook", 1)
    assert event.occurred_at == NOON + seconds(1.25)


def test_a_failed_attempt_is_repeated_by_the_schedule_and_then_given_up() -> None:
    first, events = tried(delivery(), REJECTED)
    assert (first.status, events) == ("queued", ())
    assert first.next_attempt_at == NOON + seconds(1.25 + 5)
    second, events = tried(first, Outcome(code="timed_out"), after=10)
    assert second.next_attempt_at == NOON + seconds(10.25 + 300)
    last, events = tried(second, REJECTED, after=400)
    assert (last.status, last.next_attempt_at, len(last.attempts)) == ("failed", None, 3)
    [event] = events
    assert isinstance(event, NotificationFailed)
    assert (event.reason, event.attempts) == ("rejected", 3)


def test_what_cannot_be_helped_by_trying_again_fails_at_once() -> None:
    state, [event] = tried(delivery(), Outcome(code="gone", status_code=410, final=True))
    assert state.status == "failed"
    assert isinstance(event, NotificationFailed)
    assert event.reason == "gone"


def test_the_receivers_wish_to_wait_is_kept_if_longer_than_the_schedule_and_up_to_a_day() -> None:
    def next_after(wait: timedelta) -> float:
        state, _ = tried(delivery(), Outcome(code="rejected", retry_after=wait))
        assert state.next_attempt_at
        return (state.next_attempt_at - NOON).total_seconds() - 1.25

    assert next_after(seconds(2)) == 5
    assert next_after(seconds(90)) == 90
    assert next_after(timedelta(days=30)) == 86_400


def test_jitter_stretches_a_wait_by_up_to_a_tenth() -> None:
    state, _ = tried(delivery(), REJECTED, jitter=1.0)
    assert state.next_attempt_at == NOON + seconds(1.25 + 5.5)


def test_an_ended_delivery_stays_as_it_is() -> None:
    delivered, _ = tried(delivery(), DELIVERED)
    assert tried(delivered, REJECTED) == (delivered, ())
    assert cancel(delivered) == (delivered, ())


def test_a_cancelled_delivery_is_not_tried_again() -> None:
    cancelled, events = cancel(delivery())
    assert (cancelled.status, cancelled.next_attempt_at, events) == ("cancelled", None, ())
    state, events = tried(cancelled, REJECTED)
    assert (state.status, state.next_attempt_at, len(state.attempts)) == ("cancelled", None, 1)
    assert events == ()


def test_a_message_on_its_way_when_cancelled_was_still_delivered_if_taken() -> None:
    cancelled, _ = cancel(delivery())
    state, [event] = tried(cancelled, DELIVERED)
    assert state.status == "delivered"
    assert isinstance(event, NotificationDelivered)


def test_a_held_message_is_looked_at_later_and_let_go_once() -> None:
    held, _ = hold(delivery(), NOON + seconds(90))
    assert (held.held, held.next_attempt_at) == (True, NOON + seconds(90))
    free, _ = let_go(held, NOON + seconds(5))
    assert (free.held, free.next_attempt_at) == (False, NOON + seconds(5))
    assert let_go(free, NOON + seconds(6)) == (free, ())
    ended, _ = cancel(held)
    assert not ended.held
    assert hold(ended, NOON) == (ended, ())


def test_a_message_sent_again_keeps_its_place_and_has_a_new_schedule() -> None:
    failed, _ = tried(delivery(), Outcome(code="gone", final=True))
    again, events = resend(failed, NOON + seconds(600))
    assert (again.status, again.place, events) == ("queued", failed.place, ())
    assert again.next_attempt_at == NOON + seconds(600)
    assert resend(again, NOON + seconds(700)) == (again, ())
    once, _ = tried(again, REJECTED, after=600)
    assert once.next_attempt_at == NOON + seconds(600.25 + 5)
    assert once.first_tried_at == NOON + seconds(600)
    assert len(once.attempts) == 2


@given(
    outcomes=st.lists(st.sampled_from(["delivered", "rejected", "timed_out", "gone"]), max_size=8),
    jitter=st.floats(0, 1),
)
def test_however_attempts_end_a_delivery_ends_once_and_within_its_schedule(
    outcomes: list[OutcomeCode], jitter: float
) -> None:
    state = delivery()
    facts: list[Event] = []
    for n, code in enumerate(outcomes):
        state, events = tried(
            state, Outcome(code=code, final=code == "gone"), after=n * 1000, jitter=jitter
        )
        facts += events
    assert len(facts) == (state.status != "queued")
    assert len(state.attempts) <= 3
    assert (state.next_attempt_at is None) == (state.status != "queued")
