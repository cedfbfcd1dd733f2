import pytest

from services.outcomes import handlers
from shared.cause import Actor
from shared.events import ReferralCompleted
from tests.outcomes.asking import Service, faults
from tests.outcomes.examples import (
    CASE,
    LEAD,
    REFERRER,
    TEAM,
    TENANT,
    WORKER,
    heard,
    referral_fact,
)

pytestmark = pytest.mark.usefixtures("a_case")

PLAN = f"/plans/{CASE}"
GOAL = {"wording": "Dance again", "need_code": "loneliness", "confidence": 5}
NEED = {
    "need_code": "loneliness",
    "group": "social_connection",
    "importance": 9,
    "readiness": 6,
    "own_words": "Long evenings",
}
ASSESSMENT = {
    "needs": [NEED],
    "strengths": [{"group": "practical_support", "own_words": "I know the street"}],
    "notes": "Prefers mornings",
}
ONS4 = {"life_satisfaction": 3, "worthwhile": 5, "happiness": 8, "anxiety": 6}

OTHER_TEAM = Actor("worker-2", "link_worker", "another-team", TENANT)
OTHER_TENANT = Actor("worker-1", "link_worker", TEAM, "icb-other")


async def test_an_assessment_is_answered_with_a_receipt(service: Service) -> None:
    answer = await service.post(f"{PLAN}/assessments", WORKER, ASSESSMENT)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"5"'
    receipt = answer.json()
    assert answer.headers["location"] == f"{PLAN}/assessments/{receipt['id']}"
    assert len(receipt.pop("id")) == 36
    assert receipt == {"case_id": CASE, "version": 5, "status": "completed", "revision": 1}


async def test_a_goal_goes_from_set_to_reached(service: Service) -> None:
    answer = await service.post(f"{PLAN}/goals", WORKER, GOAL)
    assert (answer.status_code, answer.headers["location"]) == (201, PLAN)
    goal = answer.json()["id"]
    assert answer.json() == {
        "id": goal,
        "case_id": CASE,
        "version": 5,
        "status": "active",
        "achievement_status": "in-progress",
    }
    reached = {"achievement_status": "achieved", "confidence": 9, "note": "Danced on Saturday"}
    answer = await service.post(f"{PLAN}/goals/{goal}/progress", WORKER, reached)
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"6"'
    assert answer.json() == {
        "id": goal,
        "case_id": CASE,
        "version": 6,
        "status": "active",
        "achievement_status": "achieved",
    }
    done = {"lifecycle_status": "completed"}
    answer = await service.post(f"{PLAN}/goals/{goal}/lifecycle", LEAD, done)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": goal,
        "case_id": CASE,
        "version": 7,
        "status": "completed",
        "achievement_status": "achieved",
    }
    history = (await service.stores.plans.get(CASE, TENANT)).history
    assert [entry.type for entry in history] == ["goal-updated"] * 3


async def test_an_illegal_move_names_where_the_goal_is_and_what_is_allowed(
    service: Service,
) -> None:
    goal = (await service.post(f"{PLAN}/goals", WORKER, GOAL)).json()["id"]
    answer = await service.post(
        f"{PLAN}/goals/{goal}/lifecycle", WORKER, {"lifecycle_status": "proposed"}
    )
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["lifecycle_status"] == "active"
    assert problem["allowed"] == ["on-hold", "completed", "cancelled", "entered-in-error"]
    assert (await service.get(PLAN, WORKER)).headers["etag"] == '"5"'


async def test_measures_are_scored_for_the_team(service: Service) -> None:
    ons4 = {"instrument": "ons4", "stage": "baseline", "answers": ONS4}
    ucla3 = {
        "instrument": "ucla3",
        "stage": "review",
        "answers": {"companionship": 3, "left_out": 2, "isolated": 2},
    }
    assert (await service.post(f"{PLAN}/measures", WORKER, ons4)).status_code == 201
    assert (await service.post(f"{PLAN}/measures", WORKER, ucla3)).status_code == 201
    first, second = (await service.get(PLAN, WORKER)).json()["measures"]
    assert first["bands"] == {
        "life_satisfaction": "low",
        "worthwhile": "medium",
        "happiness": "high",
        "anxiety": "high",
    }
    assert (first["answers"], first["total"]) == (ONS4, None)
    assert (second["total"], second["bands"]) == (7, {})


async def test_wrong_values_are_each_named_and_change_nothing(service: Service) -> None:
    goal = {"wording": "w" * 501, "need_code": "Loneliness", "confidence": 11, "colour": "red"}
    assert faults(await service.post(f"{PLAN}/goals", WORKER, goal)) == {
        "/wording": "String should have at most 500 characters",
        "/need_code": (
            "must be lower-case words joined by hyphens or underscores, at most 64 characters"
        ),
        "/confidence": "Input should be less than or equal to 10",
        "/colour": "Extra inputs are not permitted",
    }
    measure = {"instrument": "p" * 41, "stage": "middle", "answers": {"anxiety": "4"}}
    assert faults(await service.post(f"{PLAN}/measures", WORKER, measure)) == {
        "/instrument": "String should have at most 40 characters",
        "/stage": "Input should be 'baseline', 'review' or 'final'",
        "/answers/anxiety": "Input should be a valid integer",
    }
    measure = {"instrument": "ucla3", "stage": "final", "answers": {"left_out": 4, "isolated": 1}}
    assert faults(await service.post(f"{PLAN}/measures", WORKER, measure)) == {
        "/answers/companionship": "must be a whole number from 1 to 3",
        "/answers/left_out": "must be a whole number from 1 to 3",
    }
    measure["instrument"] = "phq9"
    assert faults(await service.post(f"{PLAN}/measures", WORKER, measure)) == {
        "/instrument": "must be an instrument, in a version, that GET /instruments lists"
    }
    assert (await service.get(PLAN, WORKER)).headers["etag"] == '"4"'


async def test_a_closed_plan_says_so(service: Service) -> None:
    completed = referral_fact(ReferralCompleted, 5, outcome_code="goals_met")
    await handlers.note_referral(service.stores, completed, heard("event-5"))
    answer = await service.post(f"{PLAN}/goals", WORKER, GOAL)
    assert answer.status_code == 409
    assert answer.json()["plan_status"] == "closed"
    assert (await service.get(PLAN, REFERRER)).json()["status"] == "closed"


@pytest.mark.parametrize("stranger", [OTHER_TEAM, OTHER_TENANT], ids=["other-team", "other-tenant"])
async def test_another_team_cannot_write_nor_learn_that_the_plan_exists(
    service: Service, stranger: Actor
) -> None:
    assert (await service.post(f"{PLAN}/goals", stranger, GOAL)).status_code == 404
    stale = await service.post(f"{PLAN}/goals", stranger, GOAL, if_match='"1"')
    assert stale.status_code == 404


async def test_who_referred_cannot_write(service: Service) -> None:
    answer = await service.post(f"{PLAN}/goals", REFERRER, GOAL)
    assert answer.status_code == 403
    assert answer.json()["allowed_roles"] == ["link_worker", "team_lead"]


async def test_a_goal_that_is_not_there_is_not_found(service: Service) -> None:
    body = {"achievement_status": "improving"}
    answer = await service.post(f"{PLAN}/goals/never-was/progress", WORKER, body)
    assert answer.status_code == 404


# Once, and on what was read


async def test_a_command_sent_twice_gets_the_first_answer_again(service: Service) -> None:
    first = await service.post(f"{PLAN}/goals", WORKER, GOAL, key="a-key")
    goal = first.json()["id"]
    pause = {"lifecycle_status": "on-hold"}
    paused = await service.post(f"{PLAN}/goals/{goal}/lifecycle", WORKER, pause, key="b-key")
    again = await service.post(f"{PLAN}/goals", WORKER, GOAL, key="a-key")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["etag"] == first.headers["etag"] == '"5"'
    repeated = await service.post(f"{PLAN}/goals/{goal}/lifecycle", WORKER, pause, key="b-key")
    assert (repeated.status_code, repeated.json()) == (200, paused.json())
    assert len((await service.get(PLAN, WORKER)).json()["goals"]) == 1


async def test_one_key_cannot_stand_for_two_commands(service: Service) -> None:
    await service.post(f"{PLAN}/goals", WORKER, GOAL, key="a-key")
    answer = await service.post(
        f"{PLAN}/goals", WORKER, GOAL | {"wording": "Sing again"}, key="a-key"
    )
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/key-reused")


async def test_a_stale_version_is_refused(service: Service) -> None:
    read = (await service.get(PLAN, WORKER)).headers["etag"]
    assert (await service.post(f"{PLAN}/goals", WORKER, GOAL, if_match=read)).status_code == 201
    answer = await service.post(f"{PLAN}/goals", WORKER, GOAL, if_match=read)
    assert answer.status_code == 412
    assert answer.json()["current_version"] == 5
