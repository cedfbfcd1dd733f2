"""No list is without an end, and no body is read in a way that has no bounds."""

import json
from importlib import import_module

import pytest
from fastapi.routing import APIRoute

from tests.deploy.compose import ROOT, SERVICES

DEFAULTS = {
    "mongo_uri": "mongodb://127.0.0.1:1/",
    "kafka_bootstrap": "127.0.0.1:1",
    "jwks": "unused.json",
    "issuer": "https://issuer.example.org",
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_page_has_a_largest_size(service: str) -> None:
    contract = json.loads((ROOT / f"docs/contracts/{service}.openapi.json").read_text())
    limits = [
        (path, parameter["schema"])
        for path, operations in contract["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if (parameter["in"], parameter["name"]) == ("query", "limit")
    ]
    assert limits
    for path, schema in limits:
        # The lines of a report are a few numbers each, where a record is a document.
        most = 5_000 if path.startswith("/reports/") else 1_000
        assert 0 < schema["maximum"] <= most, path


@pytest.mark.parametrize("service", SERVICES)
def test_every_body_is_taken_within_its_bounds(service: str) -> None:
    settings = import_module(f"services.{service}.settings").Settings(**DEFAULTS)
    app = import_module(f"services.{service}.app").create_app(settings)
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(routes) > 10
    assert [route.path for route in routes if route.body_field is not None] == []
