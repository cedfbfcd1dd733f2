"""Facts that left no effect in the plans or the reports are found by their events."""

from __future__ import annotations

from services.outcomes import handlers
from services.outcomes.handlers import reporting
from services.outcomes.handlers.tracks import facts_without_case, facts_without_plan
from services.outcomes.store import Stores
from shared.events import ReferralCreated
from tests.outcomes.examples import ONWARD, attended, heard, intake, referral_fact


async def test_an_intake_without_its_plan_is_found(stores: Stores) -> None:
    other = intake(case_id="case-2", referral_id="case-2")
    await handlers.open_plan(stores, intake(), heard("event-1"))

    missing = await facts_without_plan({"event-1": intake(), "event-2": other}, stores)

    assert set(missing) == {"event-2"}


async def test_a_referral_and_a_contact_that_the_plan_does_not_know_are_found(
    stores: Stores,
) -> None:
    onward = referral_fact(ReferralCreated, 1, referral=ONWARD, kind="onward")
    await handlers.open_plan(stores, intake(), heard("event-1"))
    facts = {"event-2": onward, "event-3": attended(3)}
    assert set(await facts_without_plan(facts, stores)) == {"event-2", "event-3"}

    await handlers.note_referral(stores, onward, heard("event-2"))
    await handlers.note_appointment(stores, attended(3), heard("event-3"))

    assert set(await facts_without_plan(facts, stores)) == set()


async def test_a_case_that_the_reports_do_not_know_is_found(stores: Stores) -> None:
    assert set(await facts_without_case({"event-1": intake()}, stores)) == {"event-1"}

    await reporting.note_referral(stores, intake(), heard("event-1"))

    assert set(await facts_without_case({"event-1": intake()}, stores)) == set()
