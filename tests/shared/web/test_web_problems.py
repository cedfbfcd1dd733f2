from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import (
    Conflict,
    Contended,
    FieldError,
    Forbidden,
    Invalid,
    KeyReused,
    LinkwayError,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from shared.settings import ServiceSettings
from shared.testing import serving
from shared.web import (
    JsonBody,
)
from tests.shared.web.garden import garden, problem_of


class Full(Conflict):
    """A service's own kind of conflict, which shared.web has never heard of."""

    category: ClassVar[str] = "bed-full"


ERRORS: dict[str, LinkwayError] = {
    "unauthenticated": Unauthenticated("Say who you are."),
    "forbidden": Forbidden("Gardeners only."),
    "not-found": NotFound("There is no such bed."),
    "conflict": Conflict("The bed is fallow.", {"allowed": ["dig"]}),
    "bed-full": Full("The bed is full."),
    "contended": Contended("Others are digging."),
    "precondition-failed": PreconditionFailed(
        "It changed.", {"version": 4, "status": "fallow", "detail": "Other."}
    ),
    "too-large": TooLarge("Too much."),
    "invalid": Invalid("No.", errors=(FieldError("/rows/0/plant", "is out of season"),)),
    "key-reused": KeyReused("That key was for another request."),
    "unavailable": Unavailable("The shed is locked."),
}


class Bulb(BaseModel):
    kind: Literal["bulb"]
    depth: int


class Seed(BaseModel):
    kind: Literal["seed"]
    spacing: int = 10


class Bed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=20)
    dug: date | None = None
    owner: UUID | None = None
    plants: list[Annotated[Bulb | Seed, Field(discriminator="kind")]] = []


router = APIRouter()


@router.post("/beds")
async def dig(bed: Annotated[Bed, JsonBody(Bed)]) -> str:
    return bed.name


@router.get("/beds")
async def beds(limit: int = 50) -> int:
    return limit


@router.put("/beds/{bed_id}/rows")
async def plant(bed_id: int, rows: Annotated[list[Seed], JsonBody(list[Seed])]) -> int:
    return len(rows) + bed_id


@router.post("/plain-beds")
async def dig_plainly(bed: Bed) -> str:
    return bed.name


@router.get("/errors/{category}")
async def fail(category: str) -> None:
    raise ERRORS[category]


@pytest.fixture
async def client(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(garden(settings, router)) as client:
        yield client


@pytest.mark.parametrize(
    ("category", "status", "headers", "facts"),
    [
        ("unauthenticated", 401, {"www-authenticate": 'Bearer realm="linkway"'}, {}),
        ("forbidden", 403, {}, {}),
        ("not-found", 404, {}, {}),
        ("conflict", 409, {}, {"allowed": ["dig"]}),
        ("bed-full", 409, {}, {}),
        ("contended", 409, {"retry-after": "1"}, {}),
        ("precondition-failed", 412, {}, {"version": 4}),
        ("too-large", 413, {}, {}),
        ("invalid", 422, {}, {}),
        ("key-reused", 422, {}, {}),
        ("unavailable", 503, {"retry-after": "2"}, {}),
    ],
)
async def test_each_category_of_error_has_its_status(
    client: httpx.AsyncClient,
    category: str,
    status: int,
    headers: Mapping[str, str],
    facts: Mapping[str, Any],
) -> None:
    answer = await client.get(f"/errors/{category}")
    assert answer.status_code == status
    document = problem_of(answer)
    assert document["type"] == f"https://linkway.example/problems/{category}"
    assert document["detail"] == ERRORS[category].detail
    assert headers.items() <= answer.headers.items()
    assert facts.items() <= document.items()


async def test_facts_never_replace_the_members_of_the_problem_itself(
    client: httpx.AsyncClient,
) -> None:
    document = problem_of(await client.get("/errors/precondition-failed"))
    assert (document["status"], document["detail"]) == (412, "It changed.")


async def test_wrong_fields_are_named_one_by_one(client: httpx.AsyncClient) -> None:
    document = problem_of(await client.get("/errors/invalid"))
    assert document["errors"] == [{"pointer": "/rows/0/plant", "reason": "is out of season"}]


async def test_an_unknown_address_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert problem_of(answer)["type"].endswith("/not-found")


async def test_a_wrong_method_names_every_method_that_is_right(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/beds")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert problem_of(answer)["type"].endswith("/method-not-allowed")


BAD_BODIES = {
    "missing and unknown": (
        b'{"nom": "north"}',
        [("/name", "Field required"), ("/nom", "Extra inputs are not permitted")],
    ),
    "too long": (
        b'{"name": "a bed with a very long name"}',
        [("/name", "String should have at most 20 characters")],
    ),
    "unknown kind": (
        b'{"name": "north", "plants": [{"kind": "Rosa of ZZ1 1AA"}]}',
        [("/plants/0", "'kind' should be one of 'bulb', 'seed'")],
    ),
    "not an id": (
        b'{"name": "north", "owner": "Rosa of ZZ1 1AA"}',
        [("/owner", "Input should be a valid UUID")],
    ),
    "odd names": (
        b'{"name": "north", "a/b~c": 1}',
        [("/a~1b~0c", "Extra inputs are not permitted")],
    ),
    "an endless name": (
        b'{"name": "north", "' + b"n" * 500 + b'": 1}',
        [("/" + "n" * 64, "Extra inputs are not permitted")],
    ),
    "empty": (b"", [("", "Invalid JSON: EOF while parsing a value at line 1 column 0")]),
    "cut off": (
        b'{"name": "north",\n"dug"',
        [("", "Invalid JSON: EOF while parsing an object at line 2 column 5")],
    ),
    "not UTF-8": (
        b'{"name": "\xff"}',
        [("", "Invalid JSON: invalid unicode code point at line 1 column 11")],
    ),
    "not an object": (b"[]", [("", "Input should be an object")]),
}


@pytest.mark.parametrize(("body", "errors"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_bad_body_gets_422_with_place_and_reason_but_not_the_value(
    client: httpx.AsyncClient,
    body: bytes,
    errors: list[tuple[str, str]],
) -> None:
    answer = await client.post("/beds", content=body)
    assert answer.status_code == 422
    found = problem_of(answer)["errors"]
    assert [(each["pointer"], each["reason"]) for each in found] == errors
    assert "Rosa" not in answer.text


async def test_fastapis_own_bodies_are_refused_in_the_same_form(client: httpx.AsyncClient) -> None:
    missing = await client.post("/plain-beds", json={"nom": "north"})
    assert problem_of(missing)["errors"] == [
        {"pointer": "/name", "reason": "Field required"},
        {"pointer": "/nom", "reason": "Extra inputs are not permitted"},
    ]
    cut = await client.post(
        "/plain-beds", content=b'{"name":', headers={"content-type": "application/json"}
    )
    (error,) = problem_of(cut)["errors"]
    assert error["pointer"] == ""
    assert error["reason"] == "Invalid JSON: Expecting value at character 8"


async def test_parameters_are_named_by_where_they_stand(client: httpx.AsyncClient) -> None:
    query = await client.get("/beds", params={"limit": "many"})
    assert [each["pointer"] for each in problem_of(query)["errors"]] == ["/query/limit"]
    path = await client.put("/beds/first/rows", json=[])
    assert [each["pointer"] for each in problem_of(path)["errors"]] == ["/path/bed_id"]


async def test_the_number_of_errors_sent_back_is_bounded(client: httpx.AsyncClient) -> None:
    answer = await client.put("/beds/1/rows", content=f"[{'1,' * 300}1]")
    assert len(problem_of(answer)["errors"]) == 100
