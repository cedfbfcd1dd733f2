from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from shared.policy import Role, Table, may
from shared.settings import ServiceSettings
from shared.testing import serving
from shared.web import (
    Acting,
    CauseOf,
    IfMatch,
    JsonBody,
    Listing,
    Paging,
)
from tests.shared.web.garden import PROBLEM, garden


class Bulb(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "bulb", "depth": 10}]})

    kind: Literal["bulb"]
    depth: int


class Seed(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "seed"}]})

    kind: Literal["seed"]
    spacing: int = 10


class Bed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=20)
    dug: date | None = None
    owner: UUID | None = None
    plants: list[Annotated[Bulb | Seed, Field(discriminator="kind")]] = []


class BedView(BaseModel):
    id: str
    bed: Bed


router = APIRouter()


@router.post("/beds")
async def dig(bed: Annotated[Bed, JsonBody(Bed)], _cause: CauseOf, _known: IfMatch) -> BedView:
    return BedView(id="1", bed=bed)


@router.put("/beds/{bed_id}/rows")
async def plant(bed_id: int, rows: Annotated[list[Seed], JsonBody(list[Seed])]) -> int:
    return len(rows) + bed_id


@router.get("/beds")
async def beds(
    _page: Paging, _by: Acting, wet: Annotated[bool | None, Query()] = None
) -> Listing[BedView]:
    return Listing(items=[], next_cursor=str(wet))


@router.delete("/beds/{bed_id}")
async def fill(bed_id: str) -> None:
    """Fill a bed in. The plants go on the heap.

    Gardeners only.
    """


Sowing = Annotated[Bulb | Seed, Field(discriminator="kind")]


@router.post("/sowings")
async def sow(sowing: Annotated[Bulb | Seed, JsonBody(Sowing)]) -> str:
    return sowing.kind


class Weeds(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kinds": ["dock"]}, {"kinds": ["nettle"]}]}
    )

    kinds: list[str]


@router.post("/weeds")
async def weed(weeds: Annotated[Weeds, JsonBody(Weeds)]) -> int:
    return len(weeds.kinds)


@router.post("/weeds/{kind}")
async def pull(kind: str, bed: Annotated[Bed, JsonBody(Bed, example={"name": "Beans"})]) -> str:
    return bed.name + kind


ROWS: Table = {
    "DELETE /beds/{bed_id}": [may((Role.TEAM_LEAD,))],
}


@pytest.fixture
async def client(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(garden(settings, router, rows=ROWS)) as client:
        yield client


async def test_the_contract_shows_bodies_headers_and_problems(client: httpx.AsyncClient) -> None:
    contract = (await client.get("/openapi.json")).json()
    digging = contract["paths"]["/beds"]["post"]
    assert digging["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Bed"}}},
    }
    assert [each["name"] for each in digging["parameters"]] == ["Idempotency-Key", "If-Match"]
    assert digging["security"] == [{"bearer": []}]
    rows = contract["paths"]["/beds/{bed_id}/rows"]["put"]["requestBody"]
    assert rows["content"]["application/json"]["schema"]["items"] == {
        "$ref": "#/components/schemas/Seed"
    }
    listing = contract["paths"]["/beds"]["get"]
    assert [each["name"] for each in listing["parameters"]] == ["wet", "limit", "cursor"]
    assert contract["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_an_operation_lists_the_problems_it_can_answer_with(
    client: httpx.AsyncClient,
) -> None:
    contract = (await client.get("/openapi.json")).json()

    def refusals(path: str, method: str) -> set[str]:
        return {each for each in contract["paths"][path][method]["responses"] if each >= "400"}

    assert refusals("/beds", "post") == {*("401", "403", "409", "412", "413", "422", "429", "503")}
    assert refusals("/beds", "get") == {"401", "403", "422", "429", "503"}
    assert refusals("/beds/{bed_id}/rows", "put") == {"404", "413", "422", "503"}
    assert refusals("/beds/{bed_id}", "delete") == {"401", "403", "404", "429", "503"}
    not_there = contract["paths"]["/beds/{bed_id}"]["delete"]["responses"]["404"]
    assert not_there == {"$ref": "#/components/responses/NotFound"}
    shown = contract["components"]["responses"]["NotFound"]["content"][PROBLEM]
    assert shown["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert shown["examples"]["not-found"]["value"] == {
        "type": "https://linkway.example/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such record.",
        "instance": "https://linkway.example/requests/0190c0de-0000-7000-8000-000000000001",
    }


async def test_a_docstring_begins_with_the_summary(client: httpx.AsyncClient) -> None:
    filling = (await client.get("/openapi.json")).json()["paths"]["/beds/{bed_id}"]["delete"]
    assert filling["summary"] == "Fill a bed in"
    assert filling["description"] == "The plants go on the heap.\n\nGardeners only."


async def test_several_examples_are_named_by_their_first_field(client: httpx.AsyncClient) -> None:
    sowing = (await client.get("/openapi.json")).json()["paths"]["/sowings"]["post"]
    assert sowing["requestBody"]["content"]["application/json"]["examples"] == {
        "bulb": {"value": {"kind": "bulb", "depth": 10}},
        "seed": {"value": {"kind": "seed"}},
    }


async def test_examples_are_numbered_where_no_word_tells_them_apart(
    client: httpx.AsyncClient,
) -> None:
    weeding = (await client.get("/openapi.json")).json()["paths"]["/weeds"]["post"]
    assert weeding["requestBody"]["content"]["application/json"]["examples"] == {
        "example-1": {"value": {"kinds": ["dock"]}},
        "example-2": {"value": {"kinds": ["nettle"]}},
    }


async def test_a_route_shows_an_example_of_its_own(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    shown = paths["/weeds/{kind}"]["post"]["requestBody"]["content"]["application/json"]
    assert shown == {
        "schema": {"$ref": "#/components/schemas/Bed"},
        "example": {"name": "Beans"},
    }
    digging = paths["/beds"]["post"]["requestBody"]["content"]["application/json"]
    assert "example" not in digging


async def test_the_contract_refers_to_nothing_that_it_does_not_hold(
    client: httpx.AsyncClient,
) -> None:
    contract = (await client.get("/openapi.json")).json()
    held = {
        f"#/components/{part}/{name}"
        for part in ("schemas", "responses")
        for name in contract["components"][part]
    }

    def references(part: Any) -> set[str]:
        if isinstance(part, list):
            return set().union(*map(references, part))
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set()

    assert references(contract) == held
    assert not any("/-/" in path for path in contract["paths"])
    assert "/metrics" not in contract["paths"]
