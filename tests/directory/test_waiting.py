"""Waiting lists and stated capacity; and that no place is ever lost or counted twice."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory import handlers
from services.directory.domain import (
    Service,
    follow_referral,
    publish,
    state_capacity,
    waiting_list,
)
from services.directory.store import Stores
from shared.cause import Actor
from shared.events import (
    CapacityChanged,
    Event,
    ReferralAccepted,
    ReferralCompleted,
    ReferralConsentWithdrawn,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
    ReferralEvent,
    ReferralExpired,
    ReferralHeld,
    ReferralInfoProvided,
    ReferralInfoRequested,
    ReferralNotCompleted,
    ReferralRerouted,
    ReferralResumed,
    ReferralReviewDue,
    ReferralStarted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)
from tests.directory.examples import (
    CURATOR,
    NOON,
    PROVIDER,
    TENANT,
    WORKER,
    Api,
    because,
    fact,
    listing,
    pointers,
)
from tests.directory.examples import service as row

CAUSE = because()
ELSEWHERE = Actor("worker-9", "provider", "org-other", TENANT)


def group(maximum: int | None) -> Service:
    said = {} if maximum is None else {"capacity": {"unit": "places", "maximum": maximum}}
    return publish(listing(**said), (), CAUSE)[0]


def follow(service: Service, facts: Sequence[ReferralEvent]) -> tuple[Service, list[Event]]:
    told: list[Event] = []
    for each in facts:
        service, events = follow_referral(service, each, CAUSE)
        told += events
    return service, told


def waits(referral: str, hours: int, seq: int = 2) -> ReferralEvent:
    """Put on the waiting list so many hours after noon."""
    moment = NOON + timedelta(hours=hours)
    return fact(ReferralWaitlisted, seq, referral).model_copy(update={"occurred_at": moment})


def queue(service: Service) -> list[str]:
    return [each.referral_id for each in waiting_list(service)]


# The order


def test_who_was_put_on_the_list_first_is_first_however_late_that_is_heard() -> None:
    late = [waits("r-b", 2), waits("r-c", 1), waits("r-a", 2), waits("r-d", 0)]
    service, _ = follow(group(0), late)
    assert queue(service) == ["r-d", "r-c", "r-a", "r-b"]
    assert [each.position for each in waiting_list(service)] == [1, 2, 3, 4]
    assert waiting_list(service)[1].since == NOON + timedelta(hours=1)


def test_being_reviewed_keeps_the_place_in_the_list() -> None:
    review = fact(ReferralReviewDue, 3, "r-a", extra={"waiting_days": 28})
    service, _ = follow(group(0), [waits("r-a", 0), review, waits("r-b", 1)])
    assert queue(service) == ["r-a", "r-b"]


@pytest.mark.parametrize("leaving", [ReferralAccepted, ReferralWithdrawn, ReferralDeclined])
def test_who_is_taken_or_leaves_is_off_the_list(leaving: type[ReferralEvent]) -> None:
    service, _ = follow(group(0), [waits("r-a", 0), waits("r-b", 1), fact(leaving, 3, "r-a")])
    assert queue(service) == ["r-b"]


def test_who_waits_longest_is_named_once_a_place_is_free() -> None:
    service, _ = follow(group(1), [fact(ReferralAccepted, 2, "r-in"), waits("r-a", 0)])
    assert service.next_referral_id is None
    service, (event,) = follow(service, [fact(ReferralCompleted, 9, "r-in")])
    assert isinstance(event, CapacityChanged)
    assert (event.available, event.waiting, event.next_referral_id) == (1, 1, "r-a")
    service, (event,) = follow(service, [fact(ReferralAccepted, 3, "r-a")])
    assert isinstance(event, CapacityChanged)
    assert (event.available, event.waiting, event.next_referral_id) == (0, 0, None)


def test_a_longer_queue_is_told_though_no_place_moved() -> None:
    _, told = follow(group(0), [waits("r-a", 0), waits("r-b", 1), waits("r-b", 1)])
    assert [event.model_dump()["waiting"] for event in told] == [1, 2]


# Stated capacity


def test_more_places_call_whoever_waits_longest() -> None:
    service, _ = follow(group(0), [waits("r-b", 1), waits("r-a", 2)])
    stated, (event,) = state_capacity(service, "places", 1, CAUSE)
    assert isinstance(event, CapacityChanged)
    assert (stated.available, event.maximum, event.next_referral_id) == (1, 1, "r-b")
    assert state_capacity(stated, "places", 1, CAUSE) == (stated, ())


def test_fewer_places_than_are_used_leave_none_free_and_push_no_one_out() -> None:
    taken = [fact(ReferralAccepted, 2, f"r-{n}") for n in range(3)]
    service, _ = follow(group(4), taken)
    fewer, _ = state_capacity(service, "places", 1, CAUSE)
    assert fewer.available == 0
    assert len(fewer.holds) == 3
    eased, _ = follow(fewer, [fact(ReferralCompleted, 9, f"r-{n}") for n in range(3)])
    assert eased.available == 1


# Nothing is lost, whatever comes twice, late or in any order

LIVES: Sequence[tuple[Sequence[type[ReferralEvent]], str]] = [
    ([ReferralCreated], "taken"),
    ([ReferralCreated, ReferralInfoRequested], "taken"),
    ([ReferralCreated, ReferralInfoRequested, ReferralInfoProvided, ReferralAccepted], "taken"),
    ([ReferralCreated, ReferralAccepted, ReferralStarted, ReferralHeld], "taken"),
    ([ReferralCreated, ReferralAccepted, ReferralStarted, ReferralHeld, ReferralResumed], "taken"),
    ([ReferralCreated, ReferralDeclined], "ended"),
    ([ReferralCreated, ReferralExpired], "ended"),
    ([ReferralCreated, ReferralExpired, ReferralRerouted], "ended"),
    ([ReferralCreated, ReferralInfoRequested, ReferralExpired], "ended"),
    ([ReferralCreated, ReferralWaitlisted], "waits"),
    ([ReferralCreated, ReferralAccepted, ReferralWaitlisted, ReferralReviewDue], "waits"),
    ([ReferralCreated, ReferralWaitlisted, ReferralWithdrawn], "ended"),
    ([ReferralCreated, ReferralWaitlisted, ReferralAccepted, ReferralCompleted], "ended"),
    ([ReferralCreated, ReferralAccepted, ReferralNotCompleted], "ended"),
    ([ReferralCreated, ReferralWithdrawn, ReferralConsentWithdrawn], "ended"),
    ([ReferralCreated, ReferralAccepted, ReferralEnteredInError], "ended"),
    ([ReferralCreated, ReferralAccepted, ReferralRerouted, ReferralWithdrawn], "ended"),
]
"""Whole and unfinished lives of a referral, and whether it holds a place at their end."""


@given(
    lives=st.lists(st.sampled_from(range(len(LIVES))), max_size=7),
    maximum=st.integers(0, 4),
    stated_at=st.integers(0, 60),
    data=st.data(),
)
def test_places_are_never_negative_never_leaked(
    lives: list[int], maximum: int, stated_at: int, data: st.DataObject
) -> None:
    """Shuffled, repeated and late facts end where the facts in order do.

    The capacity may be stated before, between or after them.
    """
    clean = [
        fact(kind, seq, f"r-{referral}", extra={"waiting_days": 28}).model_copy(
            update={"occurred_at": NOON + timedelta(hours=(7 * referral + seq) % 11)}
        )
        for referral, life in enumerate(lives)
        for seq, kind in enumerate(LIVES[life][0], start=1)
    ]
    repeats = data.draw(st.lists(st.sampled_from(clean), max_size=12)) if clean else []
    mess = data.draw(st.permutations([*clean, *repeats]))

    before, first = follow(group(None), mess[:stated_at])
    stated, second = state_capacity(before, "places", maximum, CAUSE)
    service, third = follow(stated, mess[stated_at:])
    in_order, _ = follow(group(maximum), clean)

    ends = [LIVES[life][1] for life in lives]
    assert service.available == max(0, maximum - ends.count("taken")) == in_order.available
    assert service.holds == in_order.holds
    assert queue(service) == queue(in_order)
    assert len(queue(service)) == ends.count("waits")
    assert not any(
        service.holds[f"r-{n}"].status != "released" for n, end in enumerate(ends) if end == "ended"
    )
    assert first == []
    told = [event.model_dump(exclude={"occurred_at"}) for event in [*second, *third]]
    assert all(0 <= each["available"] <= maximum for each in told)
    assert all(one != other for one, other in itertools.pairwise(told))
    assert told[-1]["available"] == service.available
    assert told[-1]["waiting"] == len(queue(service))
    assert told[-1]["next_referral_id"] == service.next_referral_id


# Over HTTP


async def test_a_provider_states_its_places(api: Api) -> None:
    await api("PUT", "/services", [row()])
    put = await api(
        "PUT", "/services/svc-1/capacity", {"unit": "places", "maximum": 3}, actor=PROVIDER
    )
    assert put.json() == {
        "id": "svc-1",
        "version": 2,
        "unit": "places",
        "maximum": 3,
        "available": 3,
        "waiting": 0,
        "next_referral_id": None,
    }
    again = await api("PUT", "/services/svc-1/capacity", {"unit": "places", "maximum": 3})
    assert (again.status_code, again.json()["version"]) == (200, 2)
    read = (await api("GET", "/services/svc-1")).json()["capacity"]
    assert (read["maximum"], read["available"]) == (3, 3)
    stale = await api(
        "PUT",
        "/services/svc-1/capacity",
        {"unit": "places", "maximum": 4},
        headers={"if-match": '"1"'},
    )
    assert stale.status_code == 412


async def test_an_import_does_not_take_stated_places_away(api: Api) -> None:
    await api("PUT", "/services", [row()])
    await api("PUT", "/services/svc-1/capacity", {"unit": "places", "maximum": 3})
    await api("PUT", "/services", [row(name="Renamed")])
    assert (await api("GET", "/services/svc-1")).json()["capacity"]["maximum"] == 3


async def test_places_are_stated_by_whose_they_are_and_are_none_below_nought(api: Api) -> None:
    await api("PUT", "/services", [row()])
    path = "/services/svc-1/capacity"
    assert (
        await api("PUT", path, {"unit": "places", "maximum": 3}, actor=ELSEWHERE)
    ).status_code == 404
    assert (
        await api("PUT", path, {"unit": "places", "maximum": 3}, actor=WORKER)
    ).status_code == 403
    wrong = await api("PUT", path, {"unit": " ", "maximum": -1, "free": 2})
    assert pointers(wrong.json()) == ["/unit", "/maximum", "/free"]


async def test_the_waiting_list_is_seen_by_whose_it_is(api: Api) -> None:
    await api("PUT", "/services", [row()])
    for actor in (PROVIDER, CURATOR):
        seen = await api("GET", "/services/svc-1/waiting-list", actor=actor)
        assert seen.json() == {"items": [], "available": None, "next_referral_id": None}
    assert (await api("GET", "/services/svc-1/waiting-list", actor=ELSEWHERE)).status_code == 404
    assert (await api("GET", "/services/svc-1/waiting-list", actor=WORKER)).status_code == 403


async def test_the_waiting_list_is_kept_in_the_record(stores: Stores) -> None:
    await handlers.put_services(stores, [listing()], because())
    for each in (waits("r-b", 1), waits("r-a", 0)):
        await handlers.follow_referral(stores, each, because())
    saved = await handlers.see_waiting_list(stores, "svc-1", PROVIDER)
    assert queue(saved.state) == ["r-a", "r-b"]
