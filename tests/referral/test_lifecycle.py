"""A referral's own steps: asking, pausing, ending, rerouting. No server is needed."""

from __future__ import annotations

import pytest

from services.referral.domain import closing, pausing, questions, referral, rerouting
from services.referral.domain.duplicates import check_not_repeated, earlier_case
from services.referral.domain.lifecycle import TABLE, Command, Status
from services.referral.domain.record import Appointment, Clocks
from services.referral.domain.referral import Referral
from shared.errors import Conflict
from shared.events import ReferralCreated
from tests.referral.actors import GROUP, NOON, PRACTICE, TEAM, cause_of, onward


def types(events: object) -> list[str]:
    return [event.type for event in events]  # type: ignore[attr-defined]  # a sequence of events


def test_a_question_waits_for_the_asking_side_and_its_words_stay_in_the_record() -> None:
    asked, events = questions.ask(
        onward(), cause_of(GROUP), question_code="risk", text="Is it safe to visit alone?"
    )
    assert asked.status == "info_requested"
    assert types(events) == ["referral-info-requested"]
    assert "visit alone" not in events[0].model_dump_json()
    answered, events = questions.answer(asked, cause_of(TEAM), text="Yes, in the daytime.")
    assert answered.status == "submitted"
    assert answered.questions[0].answer == "Yes, in the daytime."
    assert types(events) == ["referral-info-provided"]
    assert "daytime" not in events[0].model_dump_json()


def test_support_pauses_and_goes_on() -> None:
    held, events = pausing.hold(
        onward(Status.IN_PROGRESS), cause_of(GROUP), reason_code="person_unwell"
    )
    assert (held.status, types(events)) == ("on_hold", ["referral-held"])
    resumed, events = pausing.resume(held, cause_of(GROUP))
    assert (resumed.status, types(events)) == ("in_progress", ["referral-resumed"])


def test_a_signpost_is_followed_up_once() -> None:
    given = onward(Status.GIVEN).with_(kind="signpost")
    known, events = closing.follow_up(given, cause_of(TEAM), outcome_code="attended")
    assert (known.status, known.outcome_code) == ("followed_up", "attended")
    assert types(events) == ["referral-followed-up"]
    with pytest.raises(Conflict):
        closing.follow_up(known, cause_of(TEAM), outcome_code="unknown")


@pytest.mark.parametrize("status", [each for each in Status if each != "entered_in_error"])
def test_the_referrer_may_call_anything_a_mistake(status: Status) -> None:
    mistaken, events = closing.enter_in_error(
        onward(status), cause_of(TEAM), reason_code="wrong_person"
    )
    assert mistaken.status == "entered_in_error"
    expected = [] if status is Status.DRAFT else ["referral-entered-in-error"]
    assert types(events) == expected


def test_a_draft_is_no_fact_until_it_is_submitted() -> None:
    draft = onward(Status.DRAFT)
    _, events = referral.create(draft, cause_of(TEAM))
    assert events == []
    submitted, events = referral.submit(draft, cause_of(TEAM))
    assert (submitted.status, types(events)) == ("submitted", ["referral-created"])
    dropped, events = closing.withdraw(draft, cause_of(TEAM), reason_code="no_longer_needed")
    assert (dropped.status, list(events)) == ("withdrawn", [])


def test_an_ending_calls_off_the_appointments_to_come_in_the_same_write() -> None:
    both = onward(Status.ACCEPTED).with_(
        appointments=(
            Appointment(id="past", start=NOON, mode="video", status="noshow"),
            Appointment(id="next", start=NOON, mode="video", status="booked"),
        )
    )
    over, events = closing.withdraw(both, cause_of(TEAM), reason_code="moved")
    assert [each.status for each in over.appointments] == ["noshow", "cancelled"]
    assert types(events) == ["referral-withdrawn", "appointment-cancelled"]


def test_provider_declines_and_the_link_worker_has_it_back_with_alternatives() -> None:
    declined, events = referral.decline(
        onward(),
        cause_of(GROUP),
        reason_code="no_capacity",
        suggested_service_ids=("service-9",),
    )
    assert types(events) == ["referral-declined", "referral-reroute-needed"]
    assert events[0].model_dump()["suggested_service_ids"] == ("service-9",)
    assert declined.reroute_needed is not None
    assert declined.reroute_needed.reason_code == "declined"


def test_no_response_is_never_silent() -> None:
    expired, events = referral.expire(onward(), cause_of(TEAM))
    assert expired.status == "expired"
    assert types(events) == ["referral-expired", "referral-reroute-needed"]
    intake, events = referral.expire(onward().with_(kind="intake"), cause_of(TEAM))
    assert types(events) == ["referral-expired"]
    assert intake.reroute_needed is None


@pytest.mark.parametrize("status", ["withdrawn", "expired"])
def test_accept_after_withdraw_or_expiry_is_refused_with_what_it_is_now(status: str) -> None:
    with pytest.raises(Conflict) as refused:
        referral.accept(onward(Status(status)), cause_of(GROUP), assigned_to=None)
    assert refused.value.context["current_status"] == status


def made_instead(new_id: str = "ref-3") -> ReferralCreated:
    new = onward().with_(id=new_id, service_id="service-2", replaces="ref-2")
    _, (event,) = referral.create(new, cause_of(TEAM))
    assert isinstance(event, ReferralCreated)
    return event


def test_an_open_referral_ends_when_another_takes_its_place() -> None:
    old, events = rerouting.mark_rerouted(
        onward(Status.ACCEPTED), cause_of(TEAM), by=made_instead()
    )
    assert (old.status, old.rerouted_to) == ("withdrawn", "ref-3")
    assert types(events) == ["referral-withdrawn", "referral-rerouted"]
    assert rerouting.mark_rerouted(old, cause_of(TEAM), by=made_instead()) == (old, [])
    assert rerouting.mark_rerouted(old, cause_of(TEAM), by=made_instead("ref-4")) == (old, [])


@pytest.mark.parametrize("status", ["declined", "expired", "not_completed", "withdrawn"])
def test_an_ended_referral_stays_as_it_ended_when_another_takes_its_place(status: str) -> None:
    old, events = rerouting.mark_rerouted(onward(Status(status)), cause_of(TEAM), by=made_instead())
    assert (old.status, old.rerouted_to) == (status, "ref-3")
    assert types(events) == ["referral-rerouted"]


def test_a_late_reroute_of_a_completed_referral_links_it_and_changes_no_more() -> None:
    old, events = rerouting.mark_rerouted(
        onward(Status.COMPLETED), cause_of(TEAM), by=made_instead()
    )
    assert (old.status, types(events)) == ("completed", ["referral-rerouted"])
    with pytest.raises(Conflict):
        rerouting.check_reroute(onward(Status.COMPLETED))


def test_a_referral_is_rerouted_only_once() -> None:
    rerouting.check_reroute(onward(Status.DECLINED))
    with pytest.raises(Conflict) as refused:
        rerouting.check_reroute(onward(Status.DECLINED).with_(rerouted_to="ref-3"))
    assert refused.value.context["referral_id"] == "ref-3"


def test_service_closes_and_each_closing_marks_once_even_after_it_was_dismissed() -> None:
    marked, events = rerouting.mark_service_closed(onward(), cause_of(GROUP), seq=5)
    assert types(events) == ["referral-reroute-needed"]
    assert marked.status == "submitted"
    dismissed, _ = rerouting.dismiss(marked, cause_of(TEAM), reason="They moved with the group.")
    assert dismissed.reroute_needed is None
    assert rerouting.mark_service_closed(dismissed, cause_of(GROUP), seq=5) == (dismissed, [])
    again, _ = rerouting.mark_service_closed(dismissed, cause_of(GROUP), seq=8)
    assert again.reroute_needed is not None
    with pytest.raises(Conflict):
        rerouting.dismiss(dismissed, cause_of(TEAM), reason="Once more.")


def ended_at(days_ago: int, **changes: object) -> Referral:
    from datetime import timedelta

    since = NOON - timedelta(days=days_ago)
    old = onward(Status.COMPLETED).with_(id="old", clocks=Clocks(since=since))
    return old.with_(**changes)


@pytest.mark.parametrize(
    ("earlier", "refused"),
    [
        (ended_at(30), True),
        (ended_at(31), False),
        (ended_at(3, service_id="another"), False),
        (ended_at(3, status="entered_in_error"), False),
    ],
)
def test_duplicate_referral_within_thirty_days(
    earlier: Referral,
    refused: bool,  # noqa: FBT001 - a table of cases
) -> None:
    if not refused:
        check_not_repeated(onward(), [earlier], NOON, 30)
        return
    with pytest.raises(Conflict) as conflict:
        check_not_repeated(onward(), [earlier], NOON, 30)
    assert conflict.value.context["referral_id"] == "old"
    check_not_repeated(onward().with_(override_reason="New needs."), [earlier], NOON, 30)


def test_a_new_case_takes_up_the_latest_one_that_ended() -> None:
    new = onward().with_(kind="intake")
    earlier = [
        ended_at(1, id="onward"),
        ended_at(2, id="mistake", kind="intake", status="entered_in_error"),
        ended_at(3, id="case", kind="intake"),
        ended_at(4, id="older", kind="intake"),
    ]
    assert earlier_case(new, earlier) == "case"
    assert earlier_case(new, earlier[:2]) is None


def test_every_command_of_the_table_leads_to_a_status_of_the_table() -> None:
    used = {command for row in TABLE.values() for command in row}
    assert used == set(Command)
    assert {status for row in TABLE.values() for status in row.values()} <= set(TABLE)
    assert PRACTICE.organisation == "Y90001"
