import pytest

from services.outcomes import handlers
from shared.cause import Actor
from shared.events import ReferralCompleted
from tests.outcomes.asking import Service, faults
from tests.outcomes.examples import (
    CASE,
    GROUP,
    LEAD,
    REFERRER,
    TENANT,
    WORKER,
    heard,
    referral_fact,
)

pytestmark = pytest.mark.usefixtures("a_case")

PLAN = f"/plans/{CASE}"
ASSESSMENTS = f"{PLAN}/assessments"
LONELY = {
    "need_code": "loneliness",
    "group": "social_connection",
    "importance": 9,
    "readiness": 6,
    "own_words": "Long evenings",
}
DEBT = {"need_code": "debt_advice", "group": "money_and_work", "importance": 4}
FOUND = {
    "needs": [LONELY, DEBT],
    "strengths": [{"group": "practical_support", "own_words": "I know the street"}],
}


async def test_an_assessment_is_begun_saved_completed_and_read_with_its_searches(
    service: Service,
) -> None:
    begun = await service.post(f"{ASSESSMENTS}/start", WORKER, {"stage": "baseline"})
    assert begun.status_code == 201
    id_ = begun.json()["id"]
    assert begun.headers["location"] == f"{ASSESSMENTS}/{id_}"
    assert (begun.json()["status"], begun.json()["revision"]) == ("in-progress", 0)

    saved = await service.put(f"{ASSESSMENTS}/{id_}", WORKER, FOUND)
    assert (saved.status_code, saved.json()["status"]) == (200, "in-progress")
    done = await service.post(f"{ASSESSMENTS}/{id_}/complete", LEAD, None)
    assert (done.status_code, done.json()["status"]) == (200, "completed")

    shown = (await service.get(f"{ASSESSMENTS}/{id_}", WORKER)).json()
    assert (shown["stage"], shown["completed_by"]) == ("baseline", "lead-1")
    assert shown["findings"]["needs"][0]["own_words"] == "Long evenings"
    assert shown["suggested_searches"] == [
        {"group": None, "body": {"need_codes": ["loneliness", "debt_advice"]}},
        {"group": "social_connection", "body": {"need_codes": ["loneliness"]}},
        {"group": "money_and_work", "body": {"need_codes": ["debt_advice"]}},
    ]


async def test_an_assessment_put_right_shows_what_it_said_before(service: Service) -> None:
    id_ = (await service.post(ASSESSMENTS, WORKER, FOUND)).json()["id"]
    amended = {"needs": [DEBT], "reason": "Noted for someone else"}
    answer = await service.post(f"{ASSESSMENTS}/{id_}/amend", LEAD, amended, key="a-key")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["revision"]) == ("amended", 2)
    await service.post(f"{ASSESSMENTS}/{id_}/amend", LEAD, FOUND | {"reason": "Mistaken"})
    again = await service.post(f"{ASSESSMENTS}/{id_}/amend", LEAD, amended, key="a-key")
    assert again.json() == answer.json()

    shown = (await service.get(f"{ASSESSMENTS}/{id_}", WORKER)).json()
    first, second = shown["superseded"]
    assert (shown["revision"], first["revision"], second["revision"]) == (3, 1, 2)
    assert first["reason"] == "Noted for someone else"
    assert first["findings"]["needs"][0]["own_words"] == "Long evenings"
    history = (await service.stores.plans.get(CASE, TENANT)).history
    assert [line.type for line in history] == [
        "assessment-completed",
        "assessment-amended",
        "assessment-amended",
    ]


async def test_a_review_begins_with_what_was_found_last(service: Service) -> None:
    first = (await service.post(ASSESSMENTS, WORKER, FOUND)).json()["id"]
    id_ = (await service.post(f"{ASSESSMENTS}/start", WORKER, {})).json()["id"]
    shown = (await service.get(f"{ASSESSMENTS}/{id_}", WORKER)).json()
    assert (shown["stage"], shown["started_from"]) == ("review", first)
    assert [need["need_code"] for need in shown["findings"]["needs"]] == [
        "loneliness",
        "debt_advice",
    ]
    answer = await service.post(ASSESSMENTS, WORKER, FOUND)
    assert answer.status_code == 409
    assert answer.json()["assessment_id"] == id_


async def test_wrong_assessments_are_named_field_by_field(service: Service) -> None:
    wrong = {
        "stage": "middle",
        "needs": [LONELY | {"readiness": 11, "group": "faith"}],
        "strengths": [{"group": "housing"}],
    }
    found = faults(await service.post(ASSESSMENTS, WORKER, wrong))
    assert list(found) == [
        "/needs/0/group",
        "/needs/0/readiness",
        "/strengths/0/own_words",
        "/stage",
    ]
    id_ = (await service.post(f"{ASSESSMENTS}/start", WORKER, {})).json()["id"]
    assert faults(await service.post(f"{ASSESSMENTS}/{id_}/complete", WORKER, None)) == {
        "/needs": "must name at least one need before it is completed"
    }


async def test_an_assessment_is_for_the_plans_own_team(service: Service) -> None:
    id_ = (await service.post(ASSESSMENTS, WORKER, FOUND)).json()["id"]
    stranger = Actor("worker-2", "link_worker", "another-team", TENANT)
    assert (await service.get(f"{ASSESSMENTS}/{id_}", stranger)).status_code == 404
    assert (await service.get(f"{ASSESSMENTS}/{id_}", REFERRER)).status_code == 403
    assert (await service.get(f"{ASSESSMENTS}/never-was", WORKER)).status_code == 404


# Goals, step by step


async def test_a_goal_is_reworded_broken_into_steps_and_believed_in(service: Service) -> None:
    goal = {
        "wording": "Dance again",
        "need_code": "loneliness",
        "confidence": 3,
        "steps": ["Find my shoes"],
    }
    id_ = (await service.post(f"{PLAN}/goals", WORKER, goal)).json()["id"]
    path = f"{PLAN}/goals/{id_}"
    assert (
        await service.post(f"{path}/wording", WORKER, {"wording": "Dance on Thursdays"})
    ).status_code == 200
    step = await service.post(f"{path}/steps", WORKER, {"wording": "Ask Sam"}, key="s")
    again = await service.post(f"{path}/steps", WORKER, {"wording": "Ask Sam"}, key="s")
    assert (step.status_code, again.json()) == (201, step.json())
    step_id = step.json()["step_id"]
    done = f"{path}/steps/{step_id}/complete"
    assert (await service.post(done, WORKER, None)).json()["step_id"] == step_id
    assert (await service.post(done, WORKER, None)).status_code == 200
    sure = {"confidence": 8, "stated_by": "worker"}
    assert (await service.post(f"{path}/confidence", WORKER, sure)).status_code == 200

    (shown,) = (await service.get(PLAN, WORKER)).json()["goals"]
    assert shown["wording"] == "Dance on Thursdays"
    assert (shown["confidence"], shown["worker_confidence"]) == (3, 8)
    assert [(each["wording"], each["completed_at"] is None) for each in shown["steps"]] == [
        ("Find my shoes", True),
        ("Ask Sam", False),
    ]
    assert [each["change"] for each in shown["changes"]] == [
        "set",
        "reworded",
        "step_added",
        "step_completed",
        "confidence",
    ]


async def test_a_goal_set_in_error_is_not_shown_to_who_referred(service: Service) -> None:
    goal = {"wording": "Dance again", "need_code": "loneliness", "confidence": 3}
    id_ = (await service.post(f"{PLAN}/goals", WORKER, goal)).json()["id"]
    wrong = {"lifecycle_status": "entered-in-error"}
    await service.post(f"{PLAN}/goals/{id_}/lifecycle", WORKER, wrong)
    assert (await service.get(PLAN, REFERRER)).json()["goals"] == []
    answer = await service.post(f"{PLAN}/goals/{id_}/wording", WORKER, {"wording": "x"})
    assert answer.status_code == 409
    assert answer.json()["lifecycle_status"] == "entered-in-error"


async def test_the_documentation_shows_what_a_goal_may_become(service: Service) -> None:
    contract = (await service.client.get("/openapi.json")).json()
    described = contract["paths"]["/plans/{case_id}/goals/{goal_id}/lifecycle"]["post"]
    assert "| proposed | accepted, rejected, entered-in-error | none |" in described["description"]


# Contacts with the practice


async def test_the_practice_says_how_often_it_saw_the_person(service: Service) -> None:
    path = f"{PLAN}/gp-contacts"
    before = await service.put(path, REFERRER, {"before": 9, "months": 6})
    assert before.status_code == 200
    both = {"before": 9, "after": 4, "months": 6}
    assert (await service.put(path, WORKER, both)).json() == {"case_id": CASE, "version": 6}
    assert (await service.put(path, WORKER, both)).json() == {"case_id": CASE, "version": 6}
    shown = (await service.get(PLAN, REFERRER)).json()["gp_contacts"]
    assert shown.pop("recorded_at")
    assert shown == {**both, "recorded_by_organisation": WORKER.organisation}


async def test_contacts_with_the_practice_may_still_come_in_when_the_case_is_closed(
    service: Service,
) -> None:
    completed = referral_fact(ReferralCompleted, 5, outcome_code="goals_met")
    await handlers.note_referral(service.stores, completed, heard("event-5"))
    answer = await service.put(
        f"{PLAN}/gp-contacts", REFERRER, {"before": 9, "after": 4, "months": 6}
    )
    assert answer.status_code == 200


async def test_contacts_with_the_practice_are_whole_numbers_from_those_concerned(
    service: Service,
) -> None:
    path = f"{PLAN}/gp-contacts"
    wrong = {"before": -1, "after": "4", "months": 25}
    assert list(faults(await service.put(path, REFERRER, wrong))) == [
        "/before",
        "/after",
        "/months",
    ]
    good = {"before": 1, "months": 6}
    other = Actor("practice-2", "referrer", "Y90002", TENANT)
    provider = Actor("provider-1", "provider", GROUP, TENANT)
    assert (await service.put(path, other, good)).status_code == 404
    assert (await service.put(path, other, good, if_match='"1"')).status_code == 404
    assert (await service.put(path, provider, good)).status_code == 403
