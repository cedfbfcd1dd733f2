"""What one case counts for, in whichever order its facts come."""

import random
from datetime import timedelta

import pytest

from services.outcomes.domain.reports import Case, contribution
from services.outcomes.handlers.counting import count_due
from services.outcomes.store import Stores
from shared.events import (
    AppointmentEnteredInError,
    AssessmentCompleted,
    GoalUpdated,
    NeedUnmet,
    ReferralAccepted,
    ReferralCompleted,
    ReferralCreated,
    ReferralDeclined,
    ReferralEnteredInError,
)
from shared.events.base import EventActor
from tests.outcomes.examples import (
    CASE,
    GROUP,
    NOON,
    ONWARD,
    PERSON,
    PRACTICE,
    SECOND,
    TEAM,
    TENANT,
    attended,
    booked,
    intake,
    missed,
    referral_fact,
)
from tests.outcomes.reporting import NOW, belongs, profiled, tell

SHARED = {
    "tenant": TENANT,
    "occurred_at": NOON + timedelta(days=3),
    "actor": EventActor(role="link_worker", organisation=TEAM),
    "case_id": CASE,
    "person_id": PERSON,
    "source_organisation_id": PRACTICE,
    "team_organisation_id": TEAM,
}


def goal(seq: int, achievement: str) -> GoalUpdated:
    said = {"goal_id": "goal-1", "change": "progressed", "lifecycle_status": "active"}
    return GoalUpdated.model_validate(
        {**SHARED, **said, "seq": seq, "achievement_status": achievement}
    )


def assessed(seq: int, *codes: str) -> AssessmentCompleted:
    return AssessmentCompleted.model_validate(
        {**SHARED, "seq": seq, "assessment_id": "assessment-1", "need_codes": codes}
    )


async def figures(stores: Stores, case: str = CASE) -> dict[str, int]:
    saved = await stores.cases.get(case, TENANT)
    found = contribution(saved.state)
    return dict(found.figures) if found else {}


async def dims(stores: Stores) -> dict[str, str]:
    found = contribution((await stores.cases.get(CASE, TENANT)).state)
    assert found is not None
    return dict(found.dims)


WHOLE = [
    intake(),
    profiled(2),
    referral_fact(ReferralAccepted, 3, occurred_at=NOON + timedelta(days=2, hours=5)),
    booked(4, start=NOON + timedelta(days=6)),
    attended(5, occurred_at=NOON + timedelta(days=9)),
    missed(6, SECOND),
    referral_fact(ReferralCreated, 1, referral=ONWARD),
    referral_fact(ReferralDeclined, 2, referral=ONWARD, reason_code="no_capacity"),
    assessed(1, "debt_advice"),
    goal(2, "in-progress"),
    goal(3, "achieved"),
]

EXPECTED = {
    f"source|{TEAM}|all|cases": 1,
    f"source|{TEAM}|practice|cases": 1,
    f"need|{TEAM}|all|cases": 1,
    f"need|{TEAM}|debt_advice|cases": 1,
    f"goal-achievement|{TEAM}|all|goals": 1,
    f"goal-achievement|{TEAM}|achieved|goals": 1,
    f"referrals|{TEAM}|all|made": 1,
    f"referrals|{TEAM}|all|intake": 1,
    f"referrals|{TEAM}|all|accepted": 1,
    f"attendance|{TEAM}|all|attended": 1,
    f"attendance|{TEAM}|all|missed": 1,
    f"attendance|{TEAM}|all|referrals_attended": 1,
    f"wait|{TEAM}|intake|accepted": 1,
    # Two days and five hours after the referral (NOON and an hour): two whole days.
    f"wait|{TEAM}|intake|accepted%3A2": 1,
    f"wait|{TEAM}|intake|attended": 1,
    # Booked for the sixth day and recorded on the ninth: it was five whole days.
    f"wait|{TEAM}|intake|attended%3A5": 1,
    f"referrals|{GROUP}|all|made": 1,
    f"referrals|{GROUP}|all|onward": 1,
    f"referrals|{GROUP}|all|declined": 1,
    f"decline-reason|{GROUP}|all|declined": 1,
    f"decline-reason|{GROUP}|no_capacity|declined": 1,
}


@pytest.mark.parametrize("seed", range(8))
async def test_a_case_counts_the_same_in_any_order_and_however_often_told(
    stores: Stores, seed: int
) -> None:
    told = [*WHOLE, *WHOLE[::2]]
    random.Random(seed).shuffle(told)
    await tell(stores, *told)
    assert await figures(stores) == EXPECTED
    assert await dims(stores) == {
        "team": TEAM,
        "practice": PRACTICE,
        "pcn": "unknown",
        "age_band": "65-74",
        "sex": "female",
        "ethnic_group": "white",
        "deprivation_decile": "2",
    }


async def test_nothing_counts_before_the_intake_is_known(stores: Stores) -> None:
    await tell(stores, goal(1, "achieved"))
    assert await figures(stores) == {}


async def test_an_intake_entered_in_error_counts_nowhere(stores: Stores) -> None:
    await tell(stores, *WHOLE, referral_fact(ReferralEnteredInError, 9, reason_code="other"))
    assert await figures(stores) == {}


async def test_an_attendance_entered_in_error_counts_nowhere(stores: Stores) -> None:
    wrong = referral_fact(AppointmentEnteredInError, 8, appointment_id="f1")
    await tell(stores, intake(), attended(2, "f1"), wrong)
    assert not [key for key in await figures(stores) if key.startswith("attendance")]


async def test_an_outcome_is_counted_by_its_code(stores: Stores) -> None:
    await tell(stores, intake(), referral_fact(ReferralCompleted, 5, outcome_code="goals_met"))
    assert (await figures(stores))[f"outcome|{TEAM}|goals_met|completed"] == 1


async def test_a_move_stated_ahead_counts_for_cases_opened_from_its_day_on(stores: Stores) -> None:
    ahead = belongs("pcn-2", 2, days=-20).model_copy(
        update={"valid_from": NOON + timedelta(days=10)}
    )
    behind = belongs("pcn-0", 3, days=5).model_copy(update={"valid_from": NOON - timedelta(days=1)})
    await tell(stores, belongs("pcn-1", 1, days=-30), ahead, intake())
    assert (await stores.cases.get(CASE, TENANT)).state.pcn == "pcn-1"
    tree = (await stores.trees.get(f"{TENANT}:{PRACTICE}", TENANT)).state
    assert tree.part_of_at(NOON + timedelta(days=10)) == "pcn-2"
    await tell(stores, behind)  # put right after the case was opened
    assert (await stores.cases.get(CASE, TENANT)).state.pcn == "pcn-0"


async def test_practice_network_or_board_merges_and_past_reports_keep_the_old_tree(
    stores: Stores,
) -> None:
    await tell(stores, belongs("pcn-1", 1, days=-30), intake(), belongs("pcn-2", 2, days=30))
    assert (await dims(stores))["pcn"] == "pcn-1"


async def test_a_network_heard_of_late_is_the_one_of_the_day_the_case_was_opened(
    stores: Stores,
) -> None:
    await tell(stores, intake(), belongs("pcn-3", 3, days=30))
    assert (await dims(stores))["pcn"] == "pcn-3"
    await tell(stores, belongs("pcn-2", 2, days=-1))
    assert (await dims(stores))["pcn"] == "pcn-2"
    await tell(stores, belongs("pcn-1", 1, days=-30))
    assert (await dims(stores))["pcn"] == "pcn-2"


async def test_an_unmet_need_is_nobodys_case(stores: Stores) -> None:
    event = NeedUnmet(
        tenant=TENANT,
        seq=1,
        occurred_at=NOON,
        actor=EventActor(role="link_worker", organisation=TEAM),
        unmet_id="search-1",
        need_code="debt_advice",
        district="ZZ1",
        reason_code="too_far",
    )
    await tell(stores, event, event)
    saved: Case = (await stores.cases.get("unmet-search-1", TENANT)).state
    found = contribution(saved)
    assert found is not None
    assert found.dims == {"district": "ZZ1"}
    assert found.figures == {
        "unmet-need||all|looked_for": 1,
        "unmet-need||all|too_far": 1,
        "unmet-need||debt_advice|looked_for": 1,
        "unmet-need||debt_advice|too_far": 1,
    }


async def test_a_case_waits_while_it_counts_for_something_else_than_was_counted(
    stores: Stores,
) -> None:
    await tell(stores, profiled(2))
    # Its intake is not known yet, so it counts for nothing.
    assert await stores.cases.uncounted(TENANT) == 0
    await tell(stores, intake())
    assert await stores.cases.uncounted(TENANT) == 1
    await count_due(stores, NOW)
    assert await stores.cases.uncounted(TENANT) == 0
    await tell(stores, referral_fact(ReferralEnteredInError, 3, reason_code="wrong_person"))
    # It counted, and counts no more: that is to be taken back.
    assert await stores.cases.uncounted(TENANT) == 1
