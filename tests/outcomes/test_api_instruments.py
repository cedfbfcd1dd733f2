import pytest

from shared.cause import Actor
from tests.outcomes.asking import Service, faults
from tests.outcomes.examples import CASE, TENANT, WORKER
from tests.outcomes.packs import concerns, lookup

pytestmark = pytest.mark.usefixtures("a_case")

PLAN = f"/plans/{CASE}"
ADMIN = Actor("admin-1", "tenant_admin", "icb-office", TENANT)
OTHER_ADMIN = Actor("admin-2", "tenant_admin", "icb-office", "icb-other")


async def test_an_organisation_installs_an_instrument_it_holds_the_licence_of(
    service: Service,
) -> None:
    answer = await service.post("/instruments", ADMIN, lookup(), key="a-key")
    assert answer.status_code == 201
    assert answer.json() == {"id": "porch-light", "version": "1.0", "status": "installed"}
    assert answer.headers["location"] == "/instruments/porch-light?version=1.0"
    again = await service.post("/instruments", ADMIN, lookup(), key="a-key")
    assert (again.status_code, again.json()) == (201, answer.json())

    listed = (await service.get("/instruments", WORKER)).json()["items"]
    assert [(each["id"], each["built_in"]) for each in listed] == [
        ("ons4", True),
        ("ucla3", True),
        ("porch-light", False),
    ]
    assert listed[2]["licence"]["notice"].startswith("Porch Light Scale")
    assert listed[2]["installed_by_organisation"] == "icb-office"


async def test_a_version_never_changes_and_all_are_kept(service: Service) -> None:
    await service.post("/instruments", ADMIN, lookup())
    answer = await service.post("/instruments", ADMIN, lookup(title="Another"))
    assert answer.status_code == 409
    assert (answer.json()["instrument"], answer.json()["version"]) == ("porch-light", "1.0")
    await service.post("/instruments", ADMIN, lookup(version="2.0", title="Second edition"))
    newest = (await service.get("/instruments/porch-light", WORKER)).json()
    assert (newest["version"], newest["title"]) == ("2.0", "Second edition")
    first = (await service.get("/instruments/porch-light?version=1.0", WORKER)).json()
    assert first["title"] == "Porch Light Scale"


async def test_an_instrument_is_there_for_its_own_tenant_alone(service: Service) -> None:
    await service.post("/instruments", OTHER_ADMIN, lookup())
    listed = (await service.get("/instruments", WORKER)).json()["items"]
    assert [each["id"] for each in listed] == ["ons4", "ucla3"]
    assert (await service.get("/instruments/porch-light", WORKER)).status_code == 404
    assert (await service.get("/instruments/porch-light?version=1.0", WORKER)).status_code == 404
    assert (await service.post("/instruments", ADMIN, lookup())).status_code == 201


async def test_only_a_tenant_admin_installs_and_a_bad_pack_is_told_where(
    service: Service,
) -> None:
    assert (await service.post("/instruments", WORKER, lookup())).status_code == 403
    held = lookup(licence={"notice": "Ours", "held": False})
    assert list(faults(await service.post("/instruments", ADMIN, held))) == ["/licence/held"]
    assert faults(await service.post("/instruments", ADMIN, lookup(id="ons4"))) == {
        "/id": "is an instrument that comes with Linkway"
    }


async def test_a_measure_is_scored_by_the_version_it_was_taken_with(service: Service) -> None:
    await service.post("/instruments", ADMIN, lookup())
    await service.post("/instruments", ADMIN, lookup(version="2.0"))
    answers = {"warmth": 1, "light": 1}
    measure = {"instrument": "porch-light", "stage": "baseline", "answers": answers}
    old = await service.post(f"{PLAN}/measures", WORKER, measure | {"version": "1.0"})
    assert old.status_code == 201
    answers = {"warmth": 3, "light": 2}
    await service.post(f"{PLAN}/measures", WORKER, measure | {"stage": "final", "answers": answers})

    plan = (await service.get(PLAN, WORKER)).json()
    assert [(each["version"], each["total"], each["scorer"]) for each in plan["measures"]] == [
        ("1.0", 0, 1),
        ("2.0", 69.5, 1),
    ]
    assert plan["measures"][1]["bands"] == {"total": "bright"}
    (change,) = plan["changes_since_baseline"]
    assert change["lines"] == [
        {"name": "total", "before": 0, "after": 69.5, "difference": 69.5, "way": "better"}
    ]
    assert [caveat["code"] for caveat in change["caveats"]] == ["two_answers", "other_version"]


async def test_a_concern_is_kept_in_the_persons_words_and_told_to_nobody_else(
    service: Service,
) -> None:
    await service.post("/instruments", ADMIN, concerns())
    measure = {
        "instrument": "pebbles",
        "stage": "baseline",
        "answers": {"first": 5, "wellbeing": 4},
        "concerns": {"first": "Cannot sleep"},
    }
    assert (await service.post(f"{PLAN}/measures", WORKER, measure)).status_code == 201
    (kept,) = (await service.get(PLAN, WORKER)).json()["measures"]
    assert kept["concerns"] == {"first": "Cannot sleep"}
    (line,) = (await service.stores.plans.get(CASE, TENANT)).history
    assert line.type == "measure-recorded"
    del measure["concerns"]
    assert list(faults(await service.post(f"{PLAN}/measures", WORKER, measure))) == [
        "/concerns/first"
    ]


async def test_a_version_of_a_built_in_instrument_that_never_was_is_refused(
    service: Service,
) -> None:
    answers = {"companionship": 1, "left_out": 1, "isolated": 1}
    measure = {"instrument": "ucla3", "version": "1978", "stage": "final", "answers": answers}
    assert list(faults(await service.post(f"{PLAN}/measures", WORKER, measure))) == ["/instrument"]
