"""What each service's API documentation owes a newcomer, operation by operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from deploy.contracts import NOWHERE, SERVICES
from services.directory.api import examples
from services.directory.domain import Listing, Organisation, PostcodeDistrict
from shared.settings import ServiceSettings
from shared.web.body import BodyReader, Reading
from shared.web.problems import STATUS, Problem

PROBLEM = "application/problem+json"


class Operation(NamedTuple):
    """One operation: which it is, what is said of it, and what it takes a body as."""

    service: str
    method: str
    path: str
    said: dict[str, Any]
    body: Any

    def __str__(self) -> str:
        return f"{self.service}: {self.method} {self.path}"


@cache
def _app(service: str) -> FastAPI:
    settings = import_module(f"services.{service}.settings").Settings
    assert issubclass(settings, ServiceSettings)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NOWHERE.items():
            patch.setenv(name, value)
        app: FastAPI = import_module(f"services.{service}.app").create_app()
    return app


def _body_of(dependant: Dependant) -> Any:
    for each in dependant.dependencies:
        found = each.call.model if isinstance(each.call, BodyReader) else _body_of(each)
        if found is not None:
            return found
    return None


@cache
def _operations(service: str) -> tuple[Operation, ...]:
    app = _app(service)
    said = app.openapi()["paths"]
    return tuple(
        Operation(
            service,
            method,
            route.path,
            said[route.path][method.lower()],
            _body_of(route.dependant),
        )
        for route in app.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
    )


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def operations(service: str) -> tuple[Operation, ...]:
    found = _operations(service)
    assert len(found) > 10
    return found


def _examples(operation: Operation) -> list[Any]:
    """All that the documentation shows, wherever OpenAPI has it."""
    schemas = _app(operation.service).openapi()["components"]["schemas"]

    def within(schema: dict[str, Any]) -> Iterator[Any]:
        yield from schema.get("examples", ())
        if "$ref" in schema:
            yield from within(schemas[schema["$ref"].rsplit("/", 1)[1]])
        for each in schema.get("oneOf", ()):
            yield from within(each)

    content = operation.said["requestBody"]["content"]["application/json"]
    named = [each["value"] for each in content.get("examples", {}).values()]
    own = [content["example"]] if "example" in content else []
    return [*within(content["schema"]), *named, *own]


def _refusals(operation: Operation) -> set[str]:
    return {status for status in operation.said["responses"] if status >= "400"}


def test_a_summary_is_a_short_phrase_for_people(operations: tuple[Operation, ...]) -> None:
    for operation in operations:
        summary = operation.said["summary"]
        assert re.fullmatch(r"[A-Z][^`]{3,59}[^.`]", summary), (operation, summary)
        assert not re.search(r"\b[1-5][0-9]{2}\b", summary), (operation, summary)
        function = str(operation.said["operationId"]).split(f"_{operation.path.split('/')[1]}")[0]
        assert summary != function.replace("_", " ").title(), operation


def test_a_command_is_described_and_nothing_is_said_twice(
    operations: tuple[Operation, ...],
) -> None:
    for operation in operations:
        description = operation.said.get("description", "")
        assert description or operation.method == "GET", operation
        assert not description.startswith(operation.said["summary"]), operation


def test_the_refusals_listed_are_those_that_can_occur(operations: tuple[Operation, ...]) -> None:
    for operation in operations:
        refusals = _refusals(operation)
        sent = {each["name"] for each in operation.said.get("parameters", ())}
        told = set(re.findall(r"\b4\d\d\b", operation.said.get("description", "")))
        has_body = operation.body is not None
        is_repeatable = "Idempotency-Key" in sent
        assert refusals >= {"401", "503"} | told, operation
        assert "404" in refusals or "{" not in operation.path, operation
        assert "409" in refusals or not is_repeatable, operation
        assert ("412" in refusals) == ("If-Match" in sent), operation
        assert ("413" in refusals) == has_body, operation
        assert "422" in refusals or not (has_body or is_repeatable), operation
        assert operation.method != "GET" or not refusals & {"409", "412", "413"}, operation


def test_every_answer_has_a_schema(operations: tuple[Operation, ...]) -> None:
    for operation in operations:
        answers = operation.said["responses"].items()
        good = {status: answer for status, answer in answers if status < "300"}
        assert good, operation
        for status, answer in good.items():
            assert status == "204" or all(
                content["schema"] for content in answer["content"].values()
            ), operation


def test_every_example_of_a_body_is_taken_by_its_own_model(
    operations: tuple[Operation, ...],
) -> None:
    for operation in operations:
        if operation.body is None:
            continue
        shown = _examples(operation)
        assert shown, operation
        for example in shown:
            TypeAdapter(operation.body).validate_json(
                json.dumps(example), context=Reading(now=datetime.now(UTC))
            )


def test_each_refusal_shows_documents_as_they_are_sent(
    service: str, operations: tuple[Operation, ...]
) -> None:
    held = _app(service).openapi()["components"]["responses"]
    used = {
        answer["$ref"].rsplit("/", 1)[1]: int(status)
        for each in operations
        for status, answer in each.said["responses"].items()
        if "$ref" in answer
    }
    assert used.items() >= {"Unauthenticated": 401, "NotFound": 404, "Invalid": 422}.items()
    for name, status in used.items():
        content = held[name]["content"]
        assert list(content) == [PROBLEM]
        shown = content[PROBLEM]["examples"]
        assert set(shown) == {kind for kind, (code, _) in STATUS.items() if code == status}
        for kind, example in shown.items():
            document = Problem.model_validate(example["value"])
            assert document.status == status
            assert document.type.endswith(f"/problems/{kind}")
            assert document.title == STATUS[kind][1]
            assert document.detail
            assert bool(document.errors) == (name == "Invalid")


def test_each_group_of_operations_is_introduced(
    service: str, operations: tuple[Operation, ...]
) -> None:
    said = _app(service).openapi()["tags"]
    assert {tag["name"] for tag in said} == {
        tag for each in operations for tag in each.said["tags"]
    }
    for tag in said:
        assert re.fullmatch(r"[A-Z].{10,90}[.]", tag["description"])


def test_the_introduction_says_where_to_start_and_how_to_get_a_token(
    service: str, operations: tuple[Operation, ...]
) -> None:
    words = _app(service).openapi()["info"]["description"]
    start = re.search(r"Start with `([A-Z]+) (/[^`]+)`", words)
    assert start is not None
    assert start.groups() in {(each.method, each.path) for each in operations}
    for needed in ("`linkway token --folder", "*Authorize*", "problem documents", "Merrowhaven"):
        assert needed in words


def test_an_operation_with_a_token_may_be_refused_for_it_and_put_off() -> None:
    refusals = {str(each): _refusals(each) for name in SERVICES for each in _operations(name)}
    assert "403" in refusals["referral: POST /referrals/{referral_id}/accept"]
    assert refusals["directory: GET /needs"] == {"401", "403", "422", "429", "503"}
    assert refusals["notifications: GET /templates"] == {"401", "403", "429", "503"}
    assert refusals["notifications: POST /notify-callbacks"] == {"401", "413", "422", "503"}


def test_rows_shown_are_taken_each_by_its_own_model() -> None:
    Listing.model_validate(examples.SERVICE)
    Organisation.model_validate(examples.ORGANISATION)
    PostcodeDistrict.model_validate(examples.DISTRICT)
