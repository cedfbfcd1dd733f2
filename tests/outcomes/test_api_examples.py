"""The examples of the API's documentation work when pasted."""

from typing import Any

import pytest

from shared.cause import Actor
from tests.outcomes.asking import Service
from tests.outcomes.examples import CASE, REFERRER, TENANT, WORKER

pytestmark = pytest.mark.usefixtures("a_case")

ADMIN = Actor("admin-1", "tenant_admin", "icb-office", TENANT)
PLAN = "/plans/{case_id}"
ASSESSMENT = f"{PLAN}/assessments/{{assessment_id}}"
GOAL = f"{PLAN}/goals/{{goal_id}}"


async def test_every_body_shown_is_taken_as_it_stands(service: Service) -> None:
    contract = (await service.client.get("/openapi.json")).json()
    tried: set[str] = set()
    ids = {"case_id": CASE}

    async def paste(path: str, actor: Actor = WORKER, method: str = "post") -> dict[str, Any]:
        operation = contract["paths"][path][method]
        ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        (example, *_) = contract["components"]["schemas"][ref.rsplit("/", 1)[1]]["examples"]
        send = service.put if method == "put" else service.post
        answer = await send(path.format(**ids), actor, example)
        assert answer.status_code in {200, 201}, f"{path}: {answer.text}"
        tried.add(f"{method} {path}")
        return dict(answer.json())

    await paste(f"{PLAN}/gp-contacts", REFERRER, "put")
    await paste(f"{PLAN}/assessments")
    ids["assessment_id"] = (await paste(f"{PLAN}/assessments/start"))["id"]
    await paste(ASSESSMENT, method="put")
    await service.post(f"{ASSESSMENT}/complete".format(**ids), WORKER, None)
    await paste(f"{ASSESSMENT}/amend")
    ids["goal_id"] = (await paste(f"{PLAN}/goals"))["id"]
    for change in ("wording", "confidence", "steps", "progress", "lifecycle"):
        await paste(f"{GOAL}/{change}")
    await paste(f"{PLAN}/measures")
    await paste("/instruments", ADMIN)

    documented = {
        f"{method} {path}"
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation and path.startswith((PLAN, "/instruments"))
    }
    assert tried == documented
