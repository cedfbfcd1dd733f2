from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.policy import EVERYONE, Role, Table, may
from shared.settings import ServiceSettings
from shared.testing import serving
from shared.web import (
    Acting,
    CauseOf,
    IfMatch,
    JsonBody,
    Listing,
    Paging,
    etag,
)
from tests.shared.web.garden import Bearer, garden, problem_of


class Bed(BaseModel):
    name: str


router = APIRouter()


@router.post("/beds", status_code=201)
async def dig(bed: Annotated[Bed, JsonBody(Bed)], cause: CauseOf, known: IfMatch) -> JSONResponse:
    receipt = {
        "name": bed.name,
        "cause": cause.id,
        "digest": cause.digest,
        "repeatable": cause.repeatable,
        "subject": cause.actor.subject,
        "traceparent": cause.traceparent,
        "offset": str(cause.at.utcoffset()),
        "known": known,
    }
    return JSONResponse(receipt, 201, {"ETag": etag(1)})


@router.get("/beds")
async def beds(page: Paging) -> Listing[str]:
    return Listing(items=[f"{page.limit} after {page.cursor}"], next_cursor="more")


@router.get("/me")
async def me(actor: Acting) -> dict[str, str]:
    return {"subject": actor.subject, "tenant": actor.tenant}


@router.delete("/beds/{bed_id}", status_code=204)
async def fill_in(bed_id: int, actor: Acting) -> None:
    assert bed_id == 1
    assert actor.role in {"team_lead", "operations"}


ROWS: Table = {
    "GET /beds": [may(EVERYONE)],
    "DELETE /beds/{bed_id}": [may((Role.TEAM_LEAD, Role.OPERATIONS))],
}


@pytest.fixture
async def client(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(garden(settings, router, rows=ROWS)) as client:
        yield client


def encoded(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


async def test_without_a_token_the_route_is_not_entered(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Basic bHc6bHc="}, {"Authorization": "Bearer"}):
        answer = await client.get("/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="linkway"'
        problem_of(answer)


async def test_a_token_that_does_not_verify_is_told_apart_from_none(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/me", headers={"Authorization": "Bearer open-sesame"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="linkway", error="invalid_token"'
    assert "open-sesame" not in answer.text


async def test_a_token_names_the_actor(client: httpx.AsyncClient, bearer: Bearer) -> None:
    answer = await client.get("/me", headers=bearer(subject="lw-8", tenant="icb-two"))
    assert answer.json() == {"subject": "lw-8", "tenant": "icb-two"}
    lower = {"Authorization": bearer()["Authorization"].replace("Bearer", "bearer")}
    assert (await client.get("/me", headers=lower)).status_code == 200


async def test_keys_that_cannot_be_had_make_the_service_unavailable(
    settings: ServiceSettings, bearer: Bearer
) -> None:
    elsewhere = settings.model_copy(update={"jwks": "/nowhere/jwks.json"})
    async with serving(garden(elsewhere, router, rows=ROWS)) as client:
        answer = await client.get("/me", headers=bearer())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    problem_of(answer)


async def test_a_role_that_may_not_is_told_which_may(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    answer = await client.delete("/beds/1", headers=bearer(role="referrer"))
    assert answer.status_code == 403
    assert problem_of(answer)["allowed_roles"] == ["team_lead", "operations"]
    assert (await client.delete("/beds/1", headers=bearer(role="operations"))).status_code == 204


async def test_the_same_key_is_the_same_cause_for_the_same_person_only(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    async def cause(name: str = "north", key: str = "k-1", **who: str) -> tuple[str, str]:
        headers = {**bearer(**who), "Idempotency-Key": key}
        answer = await client.post("/beds", json={"name": name}, headers=headers)
        assert answer.status_code == 201
        assert answer.json()["repeatable"] is True
        return answer.json()["cause"], answer.json()["digest"]

    first = await cause()
    assert await cause() == first
    assert (await cause(name="south"))[0] == first[0]
    assert (await cause(name="south"))[1] != first[1]
    others = {
        (await cause(key="k-2"))[0],
        (await cause(subject="lw-8"))[0],
        (await cause(tenant="icb-two"))[0],
    }
    assert len(others | {first[0]}) == 4


async def test_without_a_key_every_request_is_a_cause_of_its_own(
    client: httpx.AsyncClient, bearer: Bearer
) -> None:
    answers = [
        (await client.post("/beds", json={"name": "north"}, headers=bearer())).json()
        for _ in range(2)
    ]
    assert answers[0]["cause"] != answers[1]["cause"]
    assert [(each["repeatable"], each["digest"]) for each in answers] == [(False, None)] * 2
    assert {each["offset"] for each in answers} == {"0:00:00"}


@pytest.mark.parametrize("key", ["", " ", "two words", "k" * 201, "k\xe9"])
async def test_a_key_that_cannot_be_one_is_refused(
    client: httpx.AsyncClient, bearer: Bearer, key: str
) -> None:
    answer = await client.post(
        "/beds",
        json={"name": "north"},
        headers={**encoded(bearer()), b"Idempotency-Key": key.encode("latin-1")},
    )
    assert answer.status_code == 422
    assert problem_of(answer)["errors"][0]["pointer"] == "/headers/idempotency-key"


@pytest.mark.parametrize(("sent", "known"), [('"3"', 3), ("*", None), ('"41"', 41)])
async def test_if_match_is_the_version_the_sender_read(
    client: httpx.AsyncClient, bearer: Bearer, sent: str, known: int | None
) -> None:
    headers = {**bearer(), "If-Match": sent}
    answer = await client.post("/beds", json={"name": "north"}, headers=headers)
    assert answer.json()["known"] == known
    assert answer.headers["etag"] == '"1"'


@pytest.mark.parametrize("sent", ["3", 'W/"3"', '"3", "4"', '"three"', '"-1"', '"٣"', '""'])
async def test_an_if_match_that_is_no_etag_of_ours_is_refused(
    client: httpx.AsyncClient, bearer: Bearer, sent: str
) -> None:
    headers = {**encoded(bearer()), b"If-Match": sent.encode()}
    answer = await client.post("/beds", json={"name": "north"}, headers=headers)
    assert answer.status_code == 422
    assert problem_of(answer)["errors"][0]["pointer"] == "/headers/if-match"


@pytest.mark.parametrize(
    ("params", "page"),
    [({}, "50 after None"), ({"limit": 200, "cursor": "abc"}, "200 after abc")],
)
async def test_a_list_is_given_a_page_at_a_time(
    client: httpx.AsyncClient, bearer: Bearer, params: dict[str, Any], page: str
) -> None:
    answer = await client.get("/beds", params=params, headers=bearer())
    assert answer.json() == {"items": [page], "next_cursor": "more"}


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 201}, {"cursor": "c" * 513}])
async def test_a_page_beyond_the_bounds_is_refused(
    client: httpx.AsyncClient, bearer: Bearer, params: dict[str, Any]
) -> None:
    assert (await client.get("/beds", params=params, headers=bearer())).status_code == 422
