from collections.abc import Iterator, Sequence

import pytest

from services.directory.domain import (
    EFFECTS,
    NO_EFFECT,
    RELEASED_KEPT,
    Service,
    follow_referral,
    publish,
    state_capacity,
)
from shared.events import (
    CapacityChanged,
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
    ReferralKind,
    ReferralNotCompleted,
    ReferralRerouted,
    ReferralResumed,
    ReferralStarted,
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


def kinds_of(event: type[ReferralEvent]) -> Iterator[type[ReferralEvent]]:
    """The class and all that are kinds of it."""
    yield event
    for kind in event.__subclasses__():
        yield from kinds_of(kind)


def test_what_each_fact_of_a_referral_does_to_its_place_is_decided() -> None:
    facts = {kind for kind in kinds_of(ReferralEvent) if hasattr(kind, "type")}
    leaves = {kind for event in NO_EFFECT for kind in kinds_of(event) if hasattr(kind, "type")}
    assert set(EFFECTS) | leaves == facts
    assert not set(EFFECTS) & leaves
    assert len(facts) > 30


@pytest.mark.parametrize(
    "ending",
    [
        ReferralCompleted,
        ReferralConsentWithdrawn,
        ReferralDeclined,
        ReferralEnteredInError,
        ReferralExpired,
        ReferralNotCompleted,
        ReferralRerouted,
        ReferralWithdrawn,
    ],
)
def test_a_referral_that_ends_gives_its_place_back(ending: type[ReferralEvent]) -> None:
    service, told = follow(group(2), [fact(ReferralCreated, 1), fact(ending, 2)])
    assert places(service) == (2, {"r-1": ("released", 2)})
    assert told == [1, 2]


def test_support_on_hold_keeps_its_place() -> None:
    facts = [fact(ReferralStarted, 3), fact(ReferralHeld, 4), fact(ReferralResumed, 5)]
    assert [places(follow(group(1), facts[:n])[0])[0] for n in (1, 2, 3)] == [0, 0, 0]


def test_a_question_keeps_the_place_held() -> None:
    facts = [
        fact(ReferralCreated, 1),
        fact(ReferralInfoRequested, 2),
        fact(ReferralInfoProvided, 3),
    ]
    assert places(follow(group(1), facts)[0]) == (0, {"r-1": ("held", 3)})


def test_a_referral_made_instead_of_another_holds_its_own_place() -> None:
    """Whichever of the two referrals' facts comes first."""
    old = [fact(ReferralCreated, 1, "r-old"), fact(ReferralRerouted, 2, "r-old")]
    new = fact(ReferralCreated, 1, "r-new")
    for facts in ([*old, new], [new, *old], [old[1], new, old[0]]):
        service, _ = follow(group(3), facts)
        assert service.available == 2
        assert service.holds["r-old"].status == "released"


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


def test_those_who_came_before_the_places_were_stated_count() -> None:
    facts = [
        fact(ReferralAccepted, 2, "r-1"),
        fact(ReferralCreated, 1, "r-2"),
        fact(ReferralWaitlisted, 2, "r-3"),
    ]
    service, told = follow(group(None), facts)
    assert (service.available, told) == (None, [])
    stated, (event,) = state_capacity(service, "places", 5, CAUSE)
    assert isinstance(event, CapacityChanged)
    assert (stated.available, event.available, event.waiting) == (3, 3, 1)


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
