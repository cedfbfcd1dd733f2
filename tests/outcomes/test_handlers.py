import asyncio
import json

import pytest

from services.outcomes import handlers
from services.outcomes.domain import Plan, PlanStatus, SetGoal, attendance_of
from services.outcomes.store import Stores
from shared.cause import Cause
from shared.errors import Conflict, NotFound
from shared.events import ReferralAccepted, ReferralCreated, ReferralDeclined
from shared.store import SLOTS
from tests.outcomes.examples import (
    CASE,
    NOON,
    ONWARD,
    TENANT,
    WORKER,
    attended,
    because,
    booked,
    heard,
    intake,
    missed,
    referral_fact,
)

OTHER_CASE = "0190c0de-0000-7000-8000-000000000003"
GOAL = SetGoal(wording="Dance again", need_code="loneliness", confidence=5)


async def plan_of(stores: Stores, case_id: str = CASE) -> Plan:
    return (await stores.plans.get(case_id, TENANT)).state


async def version_of(stores: Stores) -> int:
    return (await stores.plans.get(CASE, TENANT)).version


async def test_an_intake_heard_twice_opens_one_plan(stores: Stores) -> None:
    first = await handlers.open_plan(stores, intake(), heard("event-1"))
    again = await handlers.open_plan(stores, intake(), heard("event-1"))
    assert (first.repeated, again.repeated) == (False, True)
    assert await stores.plans.count(TENANT) == 1
    assert await version_of(stores) == 1


async def test_an_intake_heard_again_later_does_not_undo_what_came_since(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    await handlers.note_appointment(stores, attended(3), heard("event-3"))
    await handlers.open_plan(stores, intake(), heard("event-1"))
    assert attendance_of(await plan_of(stores)).attended == 1


async def test_another_record_cannot_take_a_case_that_has_a_plan(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    with pytest.raises(Conflict):
        await handlers.open_plan(
            stores, intake(tenant="icb-other"), heard("event-9", tenant="icb-other")
        )
    assert (await plan_of(stores)).tenant == TENANT


async def test_facts_of_a_case_never_heard_of_are_not_found_until_its_intake_is(
    stores: Stores,
) -> None:
    onward = referral_fact(ReferralCreated, 1, referral=ONWARD)
    with pytest.raises(NotFound):
        await handlers.note_referral(stores, onward, heard("event-2"))
    with pytest.raises(NotFound):
        await handlers.note_appointment(stores, attended(3), heard("event-3"))
    await handlers.open_plan(stores, intake(), heard("event-1"))
    await handlers.note_appointment(stores, attended(3), heard("event-3"))
    await handlers.note_referral(stores, onward, heard("event-2"))
    plan = await plan_of(stores)
    assert attendance_of(plan).attended == 1
    assert plan.referrals[ONWARD].status == "submitted"


async def test_a_fact_heard_again_is_not_even_written(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    accepted = referral_fact(ReferralAccepted, 2)
    for _ in range(3):
        await handlers.note_referral(stores, accepted, heard("event-2"))
        await handlers.note_appointment(stores, booked(3), heard("event-3"))
        await handlers.note_appointment(stores, attended(4), heard("event-4"))
    assert await version_of(stores) == 4


async def test_contacts_told_at_once_and_twice_are_each_counted_once(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    facts = [attended(seq, f"appointment-{seq}") for seq in range(2, 12)]
    facts += [attended(seq, f"appointment-{seq}") for seq in range(2, 12)]
    await asyncio.gather(
        handlers.note_appointment(stores, missed(12, "appointment-12"), heard("event-12")),
        *(handlers.note_appointment(stores, fact, heard(f"event-{fact.seq}")) for fact in facts),
    )
    plan = await plan_of(stores)
    attendance = attendance_of(plan)
    assert (attendance.attended, attendance.missed) == (10, 1)


async def test_a_fact_of_another_tenant_touches_nothing(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    stray = referral_fact(ReferralDeclined, 2, tenant="icb-other", reason_code="no_capacity")
    with pytest.raises(NotFound):
        await handlers.note_referral(stores, stray, heard("event-2", tenant="icb-other"))
    assert (await plan_of(stores)).status == "open"


async def test_a_goal_leaves_its_fact_to_be_sent_without_the_persons_words(
    stores: Stores,
) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    set_ = await handlers.set_goal(stores, CASE, GOAL, because(), if_match=None)
    (unsent,) = await stores.plans.collection.unsent(range(SLOTS), 10)
    (envelope,) = unsent.entries
    assert envelope.type == "goal-updated"
    assert envelope.source == "/linkway/outcomes"
    assert envelope.key == envelope.subject == CASE
    assert json.loads(envelope.data)["goal_id"] == set_.goal_id
    assert json.loads(envelope.data)["seq"] == 1
    assert b"Dance" not in envelope.data


async def test_a_goal_asked_for_twice_under_one_key_is_one_goal(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    cause = Cause(id="key-1", actor=because().actor, at=NOON, digest="d", repeatable=True)
    first = await handlers.set_goal(stores, CASE, GOAL, cause, if_match=None)
    await handlers.note_appointment(stores, attended(3), heard("event-3"))
    assert await handlers.set_goal(stores, CASE, GOAL, cause, if_match=None) == first
    assert len((await plan_of(stores)).goals) == 1


async def test_a_key_is_remembered_however_many_facts_come_after_it(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    cause = Cause(id="key-1", actor=because().actor, at=NOON, digest="d", repeatable=True)
    first = await handlers.set_goal(stores, CASE, GOAL, cause, if_match=None)
    facts = [attended(seq, f"appointment-{seq}") for seq in range(2, 202)]
    await asyncio.gather(
        *(handlers.note_appointment(stores, fact, heard(f"event-{fact.seq}")) for fact in facts)
    )
    assert await handlers.set_goal(stores, CASE, GOAL, cause, if_match=None) == first


async def test_two_goals_without_a_key_are_two_goals(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    first = await handlers.set_goal(stores, CASE, GOAL, because(name="a"), if_match=None)
    second = await handlers.set_goal(stores, CASE, GOAL, because(name="b"), if_match=None)
    assert first.goal_id != second.goal_id
    assert [goal.wording for goal in (await plan_of(stores)).goals] == ["Dance again"] * 2


async def test_a_caseload_tells_open_from_closed(stores: Stores) -> None:
    await handlers.open_plan(stores, intake(), heard("event-1"))
    other = intake(case_id=OTHER_CASE, referral_id=OTHER_CASE)
    await handlers.open_plan(stores, other, heard("event-2"))
    declined = referral_fact(
        ReferralDeclined, 2, case_id=OTHER_CASE, referral_id=OTHER_CASE, reason_code="other"
    )
    await handlers.note_referral(stores, declined, heard("event-3"))

    async def cases(status: PlanStatus | None) -> set[str]:
        page = await handlers.caseload(
            stores,
            WORKER,
            status,
            limit=10,
            cursor=None,
        )
        return {saved.id for saved in page.items}

    assert await cases("open") == {CASE}
    assert await cases("closed") == {OTHER_CASE}
    assert await cases(None) == {CASE, OTHER_CASE}
