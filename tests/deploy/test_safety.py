"""The safety documents say what is true: their tests exist, and the log follows from its data."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from deploy import safety
from tests.deploy.compose import ROOT

DOCUMENTS = sorted((ROOT / "docs/safety").glob("*.md"))
HAZARDS: list[dict[str, Any]] = tomllib.loads(safety.SOURCE.read_text(encoding="utf-8"))["hazard"]


def test_there_are_the_documents_that_are_promised() -> None:
    assert [path.name for path in DOCUMENTS] == [
        "dpia.md",
        "dtac.md",
        "hazard-log.md",
        "safety-case.md",
        "threat-model.md",
    ]
    assert len(HAZARDS) >= 25


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", text)
    assert len(named) == len(re.findall(r"\btests/", text)), "one is named in another form"
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file()
        or (test and f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8"))
    ]
    assert missing == []
    assert named


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path: Any) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard["title"])
def test_each_hazard_has_what_dcb0129_asks_for_and_is_made_no_worse(hazard: dict[str, Any]) -> None:
    assert all(hazard[field] for field in ("title", "causes", "effect", "left", "controls"))
    assert all(control["what"] and control["tests"] for control in hazard["controls"])
    assert safety.rating(hazard["residual"]) <= safety.rating(hazard["initial"])
    assert safety.rating(hazard["residual"]) <= 3


@pytest.mark.parametrize(
    ("severity", "likelihood", "number"),
    [
        ("minor", "very low", 1),
        ("catastrophic", "very low", 3),
        ("minor", "very high", 3),
        ("catastrophic", "very high", 5),
        ("major", "medium", 3),
        ("considerable", "low", 2),
        ("major", "high", 4),
    ],
)
def test_the_matrix_is_the_one_of_the_guidance(severity: str, likelihood: str, number: int) -> None:
    assert safety.rating({"severity": severity, "likelihood": likelihood}) == number


def test_the_log_follows_from_its_data() -> None:
    assert safety.TARGET.read_text(encoding="utf-8") == safety.render(HAZARDS)
