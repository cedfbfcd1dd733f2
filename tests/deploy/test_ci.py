"""What decides whether a change lands is the same everywhere: two make targets."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import yaml

from tests.deploy.compose import ROOT

TARGETS = ["make check", "make test"]
STEPS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())[
    "jobs"
]["check-and-test"]["steps"]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())[
    "repos"
][0]["hooks"]


def test_the_run_script_calls_the_two_targets_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', *TARGETS]


def test_the_workflow_calls_the_two_targets_and_nothing_else() -> None:
    assert [step["run"] for step in STEPS if "run" in step] == TARGETS


def test_the_workflow_has_java_17_for_kafka_and_keeps_nothing_from_run_to_run() -> None:
    (java,) = [step["with"] for step in STEPS if "setup-java" in step.get("uses", "")]
    assert java["java-version"] == "17"
    assert "cache" not in str(STEPS)


def test_the_workflow_runs_on_the_oldest_python_that_linkway_promises() -> None:
    (python,) = [step["with"] for step in STEPS if "setup-python" in step.get("uses", "")]
    (promised,) = re.findall(
        r'^requires-python = ">=(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert python["python-version"] == promised


def test_a_commit_passes_tools_that_make_check_runs() -> None:
    check = subprocess.run(
        ["make", "--dry-run", "check"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for hook in HOOKS:
        assert hook["language"] == "system"
        command = hook["entry"].partition(" --")[0]
        assert any(line.startswith(command) for line in check), command
