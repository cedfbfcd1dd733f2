"""Problems with a listing: reported once, seen to by whoever is responsible, told without words."""

from typing import Any

import pytest

from services.directory.domain import Service, publish, report, resolve
from services.directory.domain.problems import MOST_OPEN, RESOLVED_KEPT
from shared.cause import Actor
from shared.errors import Conflict, NotFound
from tests.directory.examples import CURATOR, PROVIDER, TENANT, WORKER, Api, because, pointers
from tests.directory.examples import listing as said
from tests.directory.examples import service as row

OTHER_WORKER = Actor("worker-3", "link_worker", "org-team", TENANT)
ELSEWHERE = Actor("worker-9", "provider", "org-other", TENANT)
REPORTER = Actor("analyst-1", "reporter", "org-icb", TENANT)


def service() -> Service:
    return publish(said(), (), because())[0]


def test_a_problem_is_told_by_its_code_and_its_words_stay_here() -> None:
    noted, (event,) = report(service(), "p-1", "closed", "secret words", because(WORKER))
    assert event.model_dump(include={"problem_id", "problem_code"}) == {
        "problem_id": "p-1",
        "problem_code": "closed",
    }
    assert "secret words" not in event.model_dump_json()
    assert (noted.open_problems, noted.problems[0].text) == (1, "secret words")


def test_the_same_person_s_same_problem_is_one_while_it_is_open() -> None:
    noted, _ = report(service(), "p-1", "closed", None, because(WORKER))
    assert report(noted, "p-2", "closed", None, because(WORKER)) == (noted, ())
    assert report(noted, "p-2", "full", None, because(WORKER))[0].open_problems == 2
    assert report(noted, "p-2", "closed", None, because(OTHER_WORKER))[0].open_problems == 2
    seen_to, _ = resolve(noted, "p-1", "corrected", because(CURATOR))
    assert report(seen_to, "p-2", "closed", None, because(WORKER))[0].open_problems == 1


def test_a_problem_is_seen_to_once() -> None:
    noted, _ = report(service(), "p-1", "closed", None, because(WORKER))
    seen_to, events = resolve(noted, "p-1", "no_fault_found", because(CURATOR))
    assert (seen_to.open_problems, events) == (0, ())
    with pytest.raises(Conflict):
        resolve(seen_to, "p-1", "corrected", because(CURATOR))
    with pytest.raises(NotFound):
        resolve(seen_to, "p-2", "corrected", because(CURATOR))


def test_a_service_does_not_grow_without_end() -> None:
    full = service()
    for n in range(MOST_OPEN):
        worker = Actor(f"someone-{n}", "link_worker", "org-team", TENANT)
        full, _ = report(full, f"p-{n}", "other", None, because(worker))
    with pytest.raises(Conflict) as caught:
        report(full, "p-x", "other", None, because(WORKER))
    assert caught.value.context["open_problems"] == 50
    for n in range(MOST_OPEN):
        full, _ = resolve(full, f"p-{n}", "corrected", because())
    full, _ = report(full, "p-x", "other", None, because(WORKER))
    full, _ = resolve(full, "p-x", "corrected", because())
    assert len(full.problems) == RESOLVED_KEPT


async def reported(api: Api, actor: Actor = WORKER, **body: Any) -> Any:
    answer = await api(
        "POST", "/services/svc-1/problems", {"problem_code": "wrong_times", **body}, actor=actor
    )
    assert answer.status_code == 201
    return answer.json()["id"]


async def test_a_problem_is_reported_listed_and_seen_to(api: Api) -> None:
    await api("PUT", "/services", [row()])
    problem = await reported(api, text="Thursdays now")
    assert await reported(api, text="I said so before") == problem
    listed = (await api("GET", "/services/svc-1/problems?status=open", actor=PROVIDER)).json()
    assert [(each["id"], each["text"], each["status"]) for each in listed["items"]] == [
        (problem, "Thursdays now", "open")
    ]
    assert "worker-2" not in str(listed)
    path = f"/services/svc-1/problems/{problem}/resolve"
    done = await api("POST", path, {"resolution_code": "corrected"}, actor=PROVIDER)
    assert done.status_code == 200
    again = await api("POST", path, {"resolution_code": "corrected"})
    assert (again.status_code, again.json()["current_status"]) == (409, "resolved")
    assert (await api("GET", "/services/svc-1/problems?status=open")).json()["items"] == []
    assert len((await api("GET", "/services/svc-1/problems")).json()["items"]) == 1


async def test_a_repeated_report_gets_the_first_answer(api: Api) -> None:
    await api("PUT", "/services", [row()])
    first, again = [
        await api(
            "POST",
            "/services/svc-1/problems",
            {"problem_code": "full"},
            actor=WORKER,
            headers={"idempotency-key": "k-1"},
        )
        for _ in range(2)
    ]
    assert (first.status_code, first.json()) == (again.status_code, again.json())


async def test_staff_see_on_the_listing_that_something_is_wrong_with_it(api: Api) -> None:
    await api("PUT", "/services", [row()])
    await reported(api)
    for actor in (WORKER, CURATOR, PROVIDER):
        read = (await api("GET", "/services/svc-1", actor=actor)).json()
        assert read["open_problems"] == ["wrong_times"]
    for actor in (REPORTER, ELSEWHERE):
        read = (await api("GET", "/services/svc-1", actor=actor)).json()
        assert read["open_problems"] is None


async def test_a_listing_with_a_problem_is_found_further_down_and_the_reason_is_given(
    api: Api,
) -> None:
    both = ("svc-1", "svc-2")
    await api("PUT", "/services", [row(id=each, need_codes=["loneliness"]) for each in both])
    for each in both:
        await api("POST", f"/services/{each}/assure")
    await reported(api)
    found = await api("POST", "/matches", {"need_codes": ["loneliness"]}, actor=WORKER)
    items = found.json()["matches"]
    assert [each["service"]["id"] for each in items] == ["svc-2", "svc-1"]
    assert "A problem with these details was reported" in str(items[1])


async def test_another_provider_s_problems_are_not_there(api: Api) -> None:
    await api("PUT", "/services", [row()])
    problem = await reported(api)
    path = "/services/svc-1/problems"
    assert (await api("GET", path, actor=ELSEWHERE)).status_code == 404
    body = {"resolution_code": "corrected"}
    answer = await api("POST", f"{path}/{problem}/resolve", body, actor=ELSEWHERE)
    assert answer.status_code == 404
    assert (await api("GET", path, actor=WORKER)).status_code == 403
    assert (
        await api("POST", "/services/nowhere/problems", {"problem_code": "full"})
    ).status_code == 404


async def test_a_problem_has_a_known_code(api: Api) -> None:
    await api("PUT", "/services", [row()])
    answer = await api("POST", "/services/svc-1/problems", {"problem_code": "rude", "by": "me"})
    assert answer.status_code == 422
    assert pointers(answer.json()) == ["/problem_code", "/by"]
