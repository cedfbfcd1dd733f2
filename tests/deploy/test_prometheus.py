"""Alerts and dashboards name what services export; alerts fire when they should, with a page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.contracts import NOWHERE, SERVICES
from tests.deploy.compose import ROOT
from tests.deploy.promql import Samples, evaluate

FOLDER = ROOT / "deploy/prometheus"
DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))[
    "groups"
][0]["rules"]
TESTS: dict[str, Any] = yaml.safe_load((FOLDER / "rules.test.yml").read_text(encoding="utf-8"))
OF_PROMETHEUS = {"up"}
"""What Prometheus itself makes."""

OF_NODE_EXPORTER = {"node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
"""What node_exporter makes on a broker's machine: Kafka's protocol is not asked for its disk."""

_SPOKEN = {"sum", "max", "min", "by", "rate", "time", "topk", "histogram_quantile", "service"}

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
each_dashboard = pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: str(file.stem))


@cache
def exported() -> frozenset[str]:
    """The names of all series that the services export, from the services themselves."""
    names: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NOWHERE.items():
            patch.setenv(name, value)
        for service in SERVICES:
            app = import_module(f"services.{service}.app").create_app()
            for family in app.state.telemetry.registry.collect():
                ends = {
                    "counter": ("_total",),
                    "histogram": ("_bucket", "_sum", "_count"),
                }.get(family.type, ("",))
                names |= {f"{family.name}{end}" for end in ends}
    return frozenset(names)


def named(expression: str) -> set[str]:
    """The series that an expression names."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)', " ", expression)
    words = set(re.findall(r"[a-z][a-z_]*[a-z]", bare))
    return words - _SPOKEN


def slug(alert: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"-\1", alert).lower()


@each_rule
def test_a_rule_names_only_what_a_service_exports(rule: dict[str, Any]) -> None:
    assert named(rule["expr"])
    names = named(rule["expr"]) - OF_PROMETHEUS
    if "kafka-node" in rule["expr"]:
        names -= OF_NODE_EXPORTER
    assert names <= exported()


@each_dashboard
def test_a_dashboard_shows_only_what_a_service_exports(file: Path) -> None:
    board = json.loads(file.read_text(encoding="utf-8"))
    expressions = [each["expr"] for panel in board["panels"] for each in panel["targets"]]
    assert len(expressions) > 5
    for expression in expressions:
        assert named(expression) - OF_PROMETHEUS <= exported(), expression


@each_rule
def test_an_alert_has_a_page_that_says_what_to_look_at_and_what_to_do(
    rule: dict[str, Any],
) -> None:
    page = rule["annotations"]["runbook"]
    assert page == f"docs/runbooks/{slug(rule['alert'])}.md"
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.startswith(f"# {rule['alert']}\n")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["What it means", "Look", "Put it right", "Call somebody when"]
    assert rule["expr"] in text
    assert f"({slug(rule['alert'])}.md)" in (ROOT / "docs/runbooks/README.md").read_text()
    assert rule["labels"]["severity"] in {"page", "warn"}


def test_every_page_is_of_an_alert_and_links_lead_somewhere() -> None:
    pages = {file.stem for file in (ROOT / "docs/runbooks").glob("*.md")} - {"README"}
    assert pages == {slug(rule["alert"]) for rule in RULES}
    for file in (ROOT / "docs/runbooks").glob("*.md"):
        for link in re.findall(r"\]\(([^)]+)\)", file.read_text(encoding="utf-8")):
            assert (file.parent / link).exists(), (file, link)


def test_the_commands_of_the_pages_are_commands_there_are() -> None:
    from typer.main import get_command

    from services.console.app import app

    program: Any = get_command(app)
    for file in (ROOT / "docs/runbooks").glob("*.md"):
        for line in re.findall(r"^linkway (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE):
            found = program
            for word in line.partition("#")[0].split():
                if word.startswith("-"):
                    options = {o for each in found.params for o in getattr(each, "opts", ())}
                    assert word in options, (file, line)
                elif hasattr(found, "commands"):
                    assert word in found.commands, (file, line)
                    found = found.commands[word]


@pytest.mark.parametrize("case", TESTS["tests"], ids=lambda case: str(case["name"]))
def test_an_alert_fires_on_a_fault_and_keeps_quiet_without(case: dict[str, Any]) -> None:
    (asked,) = case["alert_rule_test"]
    (rule,) = [each for each in RULES if each["alert"] == asked["alertname"]]
    series = {each["series"]: str(each["values"]) for each in case["input_series"]}
    samples = Samples(series, every=10)
    at = 60.0 * int(asked["eval_time"].removesuffix("m"))
    waited = _seconds(rule["for"])

    found = evaluate(rule["expr"], samples, at)
    held = [labels for labels in found if labels in evaluate(rule["expr"], samples, at - waited)]

    assert [dict(labels) for labels in held] == [
        {name: value for name, value in each["exp_labels"].items() if name != "severity"}
        for each in asked["exp_alerts"]
    ]


def test_each_alert_is_tested_both_ways() -> None:
    names = [case["name"] for case in TESTS["tests"]]
    wanted = [f"{rule['alert']} {how}" for rule in RULES for how in ("fires", "keeps quiet")]
    assert names == wanted


def test_promtool_agrees() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Prometheus) is not on the path; the rules were tested without it")
    for arguments in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "rules.yml"],
        ["test", "rules", "rules.test.yml"],
    ):
        done = subprocess.run(
            [promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)([sm])", duration).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "m": 60}[unit]
