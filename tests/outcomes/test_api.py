import pytest

from services.outcomes import handlers
from shared.cause import Actor
from tests.outcomes.asking import Service, faults
from tests.outcomes.examples import (
    CASE,
    GROUP,
    LEAD,
    ONWARD,
    PERSON,
    PRACTICE,
    REFERRER,
    TEAM,
    TENANT,
    WORKER,
    heard,
    intake,
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

OTHER_WORKER = Actor("worker-2", "link_worker", "another-team", TENANT)
STRANGERS = [
    OTHER_WORKER,
    Actor("worker-1", "link_worker", TEAM, "icb-other"),
    Actor("practice-2", "referrer", "Y90002", TENANT),
    Actor("provider-1", "provider", GROUP, TENANT),
    Actor("operator-1", "operations", TEAM, TENANT),
]


async def test_the_team_sees_all_of_a_plan(service: Service) -> None:
    await service.post(f"{PLAN}/assessments", WORKER, ASSESSMENT)
    goal = (await service.post(f"{PLAN}/goals", WORKER, GOAL)).json()
    answer = await service.get(PLAN, LEAD)
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"6"'
    plan = answer.json()
    assert plan["access"] == "full"
    assert (plan["case_id"], plan["person_id"], plan["status"]) == (CASE, PERSON, "open")
    assert plan["version"] == 6
    assert (plan["attendance"]["attended"], plan["attendance"]["missed"]) == (1, 1)
    assert plan["referrals"][ONWARD]["status"] == "submitted"
    assert {contact["status"] for contact in plan["contacts"].values()} == {"attended", "missed"}
    assert plan["needs"] == ASSESSMENT["needs"]
    assert plan["assessments"][0]["findings"]["notes"] == "Prefers mornings"
    assert plan["goals"][0]["id"] == goal["id"]
    assert plan["goals"][0]["wording"] == "Dance again"
    assert plan["goals"][0]["changes"][0]["by"] == "worker-1"


async def test_who_referred_sees_how_far_it_has_come_and_nobodys_words(service: Service) -> None:
    await service.post(f"{PLAN}/assessments", WORKER, ASSESSMENT)
    goal = (await service.post(f"{PLAN}/goals", WORKER, GOAL)).json()
    measure = {"instrument": "ons4", "stage": "baseline", "answers": ONS4}
    await service.post(f"{PLAN}/measures", WORKER, measure)
    await service.post(f"{PLAN}/measures", WORKER, measure | {"stage": "review"})
    answer = await service.get(PLAN, REFERRER)
    assert answer.headers["etag"] == '"8"'
    plan = answer.json()
    assert plan.pop("opened_at")
    assert plan == {
        "access": "summary",
        "case_id": CASE,
        "person_id": PERSON,
        "status": "open",
        "version": 8,
        "source_organisation_id": PRACTICE,
        "team_organisation_id": TEAM,
        "previous_case_id": None,
        "attendance": {
            "attended": 1,
            "missed": 1,
            "cancelled": 0,
            "rescheduled": 0,
            "attempts": {"reached": 0, "message_left": 0, "no_answer": 0, "wrong_number": 0},
            "days_to_first_attended": 0,
        },
        "gp_contacts": None,
        "goals": [
            {"id": goal["id"], "lifecycle_status": "active", "achievement_status": "in-progress"}
        ],
        "assessment_count": 1,
        "measure_count": 2,
    }


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda actor: f"{actor.role}-{actor.subject}")
async def test_to_anyone_else_there_is_no_such_plan(service: Service, stranger: Actor) -> None:
    hidden = await service.get(PLAN, stranger)
    missing = await service.get("/plans/never-was", stranger)
    never = stranger.role in {"provider", "operations"}
    assert hidden.status_code == missing.status_code == (403 if never else 404)
    assert hidden.json()["type"] == missing.json()["type"]


async def test_without_a_token_nothing_is_shown(service: Service) -> None:
    answer = await service.client.get(PLAN)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_caseload_is_the_teams_own_page_by_page(service: Service) -> None:
    cases = [CASE]
    for number in range(2, 5):
        case = f"0190c0de-0000-7000-8000-00000000010{number}"
        cases.append(case)
        event = intake(case_id=case, referral_id=case)
        await handlers.open_plan(service.stores, event, heard(f"intake-{number}"))
    stray = intake(case_id="stray", referral_id="stray", team_organisation_id="another-team")
    await handlers.open_plan(service.stores, stray, heard("intake-5"))
    first = (await service.get("/plans?limit=3&status=open", WORKER)).json()
    second = (
        await service.get(f"/plans?limit=3&status=open&cursor={first['next_cursor']}", WORKER)
    ).json()
    assert len(first["items"]) == 3
    assert second["next_cursor"] is None
    assert {item["case_id"] for item in first["items"] + second["items"]} == set(cases)
    assert {item["access"] for item in first["items"]} == {"summary"}
    assert (await service.get("/plans?status=closed", WORKER)).json()["items"] == []
    assert [
        item["case_id"] for item in (await service.get("/plans", OTHER_WORKER)).json()["items"]
    ] == ["stray"]


async def test_a_caseload_is_for_link_workers_and_names_a_wrong_status(service: Service) -> None:
    answer = await service.get("/plans", REFERRER)
    assert answer.status_code == 403
    assert answer.json()["allowed_roles"] == ["link_worker", "team_lead"]
    assert faults(await service.get("/plans?status=paused&limit=201", WORKER)) == {
        "/query/status": "Input should be 'open' or 'closed'",
        "/query/limit": "Input should be less than or equal to 200",
    }
