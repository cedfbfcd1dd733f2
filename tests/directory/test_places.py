from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory.domain import RELEASED_KEPT, Service, follow_referral, publish
from shared.events import (
    CapacityChanged,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEvent,
    ReferralKind,
    ReferralNotCompleted,
    ReferralWaitlisted,
    ReferralWithdrawn,
)
from tests.directory.examples import because, fact, listing

CAUSE = because()


def group(maximum: int | None) -> Service:
    said = {} if maximum is None else {"capacity": {"unit": "places", "maximum": maximum}}
    return publish(listing(**said), (), CAUSE)[0]


def follow(service: Service, facts: Sequence[ReferralEvent]) -> tuple[Service, list[int]]:
    """The service after the facts, and each number of free places that was told."""
    told = []
    for each in facts:
        service, events = follow_referral(service, each, CAUSE)
        told += [event.available for event in events if isinstance(event, CapacityChanged)]
    return service, told


def places(service: Service) -> tuple[int | None, dict[str, tuple[str, int]]]:
    return service.available, {id_: (h.status, h.seq) for id_, h in service.holds.items()}


def test_a_referral_holds_a_place_and_acceptance_uses_it() -> None:
    service, told = follow(group(2), [fact(ReferralCreated, 1), fact(ReferralAccepted, 2)])
    assert places(service) == (1, {"r-1": ("used", 2)})
    assert told == [1]


@pytest.mark.parametrize(
    "ending", [ReferralDeclined, ReferralWithdrawn, ReferralCompleted, ReferralNotCompleted]
)
def test_a_referral_that_ends_gives_its_place_back(ending: type[ReferralEvent]) -> None:
    service, told = follow(group(2), [fact(ReferralCreated, 1), fact(ending, 2)])
    assert places(service) == (2, {"r-1": ("released", 2)})
    assert told == [1, 2]


def test_who_is_on_the_waiting_list_holds_no_place_until_accepted() -> None:
    waiting, _ = follow(group(1), [fact(ReferralCreated, 1), fact(ReferralWaitlisted, 2)])
    assert waiting.available == 1
    accepted, _ = follow(waiting, [fact(ReferralAccepted, 3)])
    assert places(accepted) == (0, {"r-1": ("used", 3)})


def test_a_late_fact_changes_nothing() -> None:
    done, _ = follow(group(2), [fact(ReferralCompleted, 5)])
    for late in (fact(ReferralCreated, 1), fact(ReferralAccepted, 2), fact(ReferralCompleted, 5)):
        assert follow_referral(done, late, CAUSE) == (done, ())


def test_free_places_are_never_below_nought_and_told_only_when_they_move() -> None:
    facts = [fact(ReferralCreated, 1, f"r-{n}") for n in range(3)]
    full, told = follow(group(1), facts)
    assert (full.available, told) == (0, [0])
    eased, told = follow(full, [fact(ReferralDeclined, 2, "r-0")])
    assert (eased.available, told) == (0, [])


@pytest.mark.parametrize("kind", ["intake", "signpost"])
def test_only_onward_referrals_take_places(kind: ReferralKind) -> None:
    service = group(2)
    assert follow_referral(service, fact(ReferralCreated, 1, referral_kind=kind), CAUSE) == (
        service,
        (),
    )


def test_a_service_without_a_capacity_has_no_places_to_take() -> None:
    team = group(None)
    assert follow_referral(team, fact(ReferralCreated, 1), CAUSE) == (team, ())


def test_a_place_taken_is_followed_though_the_capacity_is_no_longer_stated() -> None:
    held, _ = follow(group(2), [fact(ReferralCreated, 1)])
    silent = held.model_copy(update={"listing": held.listing.model_copy(update={"capacity": None})})
    released, _ = follow(silent, [fact(ReferralWithdrawn, 2)])
    assert places(released) == (None, {"r-1": ("released", 2)})


def test_the_latest_thousand_released_entries_are_kept_and_every_taken_one() -> None:
    first = [fact(ReferralCreated, 1, "taken"), fact(ReferralWithdrawn, 2, "oldest")]
    many = [fact(ReferralWithdrawn, 2, f"r-{n}") for n in range(RELEASED_KEPT)]
    service, _ = follow(group(5), [*first, *many])
    assert len(service.holds) == 1001
    assert "taken" in service.holds
    assert "oldest" not in service.holds
    assert service.available == 4


LIVES: Sequence[Sequence[type[ReferralEvent]]] = [
    [ReferralCreated],
    [ReferralCreated, ReferralAccepted],
    [ReferralCreated, ReferralDeclined],
    [ReferralCreated, ReferralWaitlisted],
    [ReferralCreated, ReferralWaitlisted, ReferralWithdrawn],
    [ReferralCreated, ReferralWaitlisted, ReferralAccepted, ReferralCompleted],
    [ReferralCreated, ReferralAccepted, ReferralNotCompleted],
]
TAKEN_AT_THE_END = [1, 1, 0, 0, 0, 0, 0]


@given(
    lives=st.lists(st.sampled_from(range(len(LIVES))), max_size=6),
    maximum=st.integers(0, 4),
    data=st.data(),
)
def test_facts_in_any_order_and_any_number_give_the_places_of_the_clean_run(
    lives: list[int], maximum: int, data: st.DataObject
) -> None:
    clean = [
        fact(kind, seq, f"r-{referral}")
        for referral, life in enumerate(lives)
        for seq, kind in enumerate(LIVES[life], start=1)
    ]
    repeats = data.draw(st.lists(st.sampled_from(clean), max_size=10)) if clean else []
    mess = data.draw(st.permutations([*clean, *repeats]))
    service, told = follow(group(maximum), mess)
    in_order, _ = follow(group(maximum), clean)
    assert places(service) == places(in_order)
    assert service.available == max(0, maximum - sum(TAKEN_AT_THE_END[life] for life in lives))
    assert all(0 <= count <= maximum for count in told)
    assert all(before != after for before, after in zip([maximum, *told], told, strict=False))
