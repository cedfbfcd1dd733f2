"""The files that containers run parse, and the guide names settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module

import pytest

from services.console.client_token import ConsoleClient
from tests.deploy.compose import FILE, ROOT, SERVICES


def test_the_start_script_is_bash() -> None:
    script = ROOT / "deploy/mongo/start.sh"
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_setup_script_is_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    script = ROOT / "deploy/mongo/setup.js"
    checked = subprocess.run([node, "--check", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_guide_names_settings_that_exist() -> None:
    guide = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    fields = {
        f"LINKWAY_{field.upper()}"
        for service in SERVICES
        for field in import_module(f"services.{service}.settings").Settings.model_fields
    }
    # What the console reads where it runs by itself.
    fields |= {f"LINKWAY_{field.upper()}" for field in ConsoleClient.model_fields}
    passwords = set(re.findall(r"\$\{(LINKWAY_\w+):-", FILE.read_text(encoding="utf-8")))
    written = set(re.findall(r"LINKWAY_\w+", guide))
    # Each setting may also be given as a file.
    named = {name for name in written if name.removesuffix("_FILE") not in written - {name}}
    assert named - fields - passwords == set()
    assert passwords <= named
