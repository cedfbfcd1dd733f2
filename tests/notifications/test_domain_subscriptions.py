"""The life of a subscription: pending, active, disabled and enabled again."""

from datetime import timedelta

import pytest

from services.notifications.domain import (
    DisabledReason,
    Outcome,
    RetryPolicy,
    SigningKey,
    Subscription,
    challenge_again,
    confirm,
    disable,
    enable,
    hears,
    in_force,
    order_resend,
    record_challenge,
    record_notice,
    rotate_key,
)
from shared.errors import Conflict, Invalid
from tests.notifications.examples import (
    CODE,
    KEYRING,
    NOON,
    asked,
    created,
    pending,
    seconds,
    subscription,
)

POLICY = RetryPolicy(waits=(seconds(0), seconds(5)))
FAILED = Outcome(code="rejected", status_code=500)
WEEK = timedelta(days=7)


def challenged(state: Subscription, outcome: Outcome = FAILED, *, after: float = 0) -> Subscription:
    """After a challenge that was sent ``after`` seconds past noon and took a second."""
    changed, _ = record_challenge(
        state,
        outcome,
        asked(at=NOON + seconds(after + 1)),
        started=NOON + seconds(after),
        policy=POLICY,
        jitter=0,
    )
    return changed


def key(name: str) -> SigningKey:
    return KEYRING.make(name, "hmac")


def test_the_right_challenge_makes_it_active_from_then_on() -> None:
    active, events = confirm(pending(), CODE, asked(at=NOON + seconds(7260)))
    assert (active.status, active.challenge, events) == ("active", None, ())
    assert hears(active, created(occurred_at=NOON + seconds(61)))
    assert not hears(active, created(occurred_at=NOON + seconds(59)))
    assert confirm(active, "anything", asked()) == (active, ())


@pytest.mark.parametrize(("code", "after"), [("wrong", seconds(1)), ("", seconds(1)), (CODE, WEEK)])
def test_a_wrong_or_old_challenge_changes_nothing(code: str, after: timedelta) -> None:
    with pytest.raises(Invalid) as refused:
        confirm(pending(), code, asked(at=NOON + after))
    assert refused.value.errors[0].pointer == "/challenge"


def test_an_ended_subscription_cannot_be_confirmed() -> None:
    ended, _ = disable(pending(), "unsubscribed", NOON)
    with pytest.raises(Conflict) as refused:
        confirm(ended, CODE, asked())
    assert refused.value.context == {"current_status": "disabled", "allowed": []}


def test_a_challenge_is_sent_by_the_schedule_and_then_no_more() -> None:
    once = challenged(pending())
    assert once.challenge
    assert once.challenge.next_attempt_at == NOON + seconds(6)
    twice = challenged(once, after=6)
    assert twice.challenge
    assert (twice.challenge.next_attempt_at, twice.challenge.attempts) == (None, 2)
    assert twice.challenge.last_outcome == "rejected"


def test_a_mail_with_a_challenge_is_sent_once() -> None:
    office = pending(channel="email", address="office@example.org")
    sent = challenged(office, Outcome(code="delivered")).challenge
    assert sent
    assert sent.next_attempt_at is None


def test_a_challenge_asked_for_again_is_the_same_one_until_it_is_old() -> None:
    given_up = challenged(challenged(pending()), after=6)
    again, _ = challenge_again(given_up, "new", asked(at=NOON + seconds(60)))
    assert again.challenge
    assert (again.challenge.code, again.challenge.attempts) == (CODE, 0)
    assert again.challenge.next_attempt_at == NOON + seconds(60)
    late, _ = challenge_again(given_up, "new", asked(at=NOON + WEEK))
    assert late.challenge
    assert (late.challenge.code, late.challenge.expires_at) == ("new", NOON + 2 * WEEK)
    with pytest.raises(Conflict):
        challenge_again(subscription(), "new", asked())


def test_a_challenge_asked_for_while_one_is_on_its_way_is_not_put_off() -> None:
    again, _ = challenge_again(pending(), "new", asked(at=NOON + seconds(1)))
    answered = challenged(again, after=0).challenge
    assert answered
    assert answered.next_attempt_at == NOON + seconds(1)


@pytest.mark.parametrize("reason", ["gone", "failing"])
def test_the_contact_is_to_be_told_of_an_address_that_linkway_gave_up(
    reason: DisabledReason,
) -> None:
    ended, _ = disable(subscription(contact="office@example.org"), reason, NOON)
    assert (ended.status, ended.disabled_at) == ("disabled", NOON)
    assert ended.notice
    assert ended.notice.next_attempt_at == NOON
    without, _ = disable(subscription(), reason, NOON)
    assert without.notice is None


def test_the_contact_is_not_told_of_what_its_organisation_did_itself() -> None:
    ended, _ = disable(subscription(contact="office@example.org"), "unsubscribed", NOON)
    assert ended.notice is None


def test_a_notice_is_tried_by_the_schedule_and_then_left() -> None:
    ended, _ = disable(subscription(contact="office@example.org"), "gone", NOON)
    assert ended.notice
    cause = asked(at=NOON + seconds(1))
    later, _ = record_notice(ended, ended.notice, FAILED, cause, policy=POLICY, jitter=0)
    assert later.notice
    assert later.notice.next_attempt_at == NOON + seconds(6)
    left, _ = record_notice(later, later.notice, FAILED, cause, policy=POLICY, jitter=0)
    assert left.notice is None


def test_what_linkway_disabled_can_be_enabled_and_hears_from_then_on() -> None:
    ended, _ = disable(subscription(contact="office@example.org"), "failing", NOON)
    active, _ = enable(ended, asked(at=NOON + seconds(7300)))
    assert (active.status, active.disabled_reason, active.notice) == ("active", None, None)
    assert not hears(active, created(occurred_at=NOON + seconds(60)))
    assert enable(active, asked()) == (active, ())


def test_what_the_organisation_ended_or_never_confirmed_cannot_be_enabled() -> None:
    ended, _ = disable(subscription(), "unsubscribed", NOON)
    for state in (ended, pending()):
        with pytest.raises(Conflict):
            enable(state, asked())


def test_after_a_change_of_keys_both_sign_for_a_day() -> None:
    old = subscription()
    changed, _ = rotate_key(old, key("new"), asked(at=NOON))
    day = timedelta(hours=24)
    assert [each.id for each in in_force(changed.keys, NOON + day - seconds(1))] == [
        "new",
        old.keys[0].id,
    ]
    assert [each.id for each in in_force(changed.keys, NOON + day)] == ["new"]


def test_no_more_than_three_keys_sign_however_often_they_are_changed() -> None:
    state = subscription()
    for n in range(5):
        state, _ = rotate_key(state, key(f"key-{n}"), asked(at=NOON))
    assert [each.id for each in state.keys] == ["key-4", "key-3", "key-2"]


def test_an_e_mail_subscription_has_no_key_to_change() -> None:
    with pytest.raises(Conflict, match="Only webhooks"):
        rotate_key(subscription(channel="email", address="a@example.org"), key("k"), asked())


@pytest.mark.parametrize("back", [timedelta(days=31), timedelta(seconds=-1)])
def test_only_the_last_thirty_days_are_sent_again(back: timedelta) -> None:
    with pytest.raises(Invalid) as refused:
        order_resend(subscription(), NOON - back, "failed", asked())
    assert refused.value.errors[0].pointer == "/since"


def test_one_order_to_send_again_at_a_time_and_only_while_active() -> None:
    ordered, _ = order_resend(subscription(), NOON, "failed", asked())
    with pytest.raises(Conflict):
        order_resend(ordered, NOON, "failed", asked())
    ended, _ = disable(ordered, "gone", NOON)
    assert ended.resend is None
    for state in (ended, pending()):
        with pytest.raises(Conflict):
            order_resend(state, NOON, "failed", asked())
