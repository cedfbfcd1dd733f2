"""The compose file as Docker Compose reads it, without Docker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
SERVICES = sorted(file.parent.name for file in ROOT.glob("services/*/settings.py"))

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def load(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file with its ``${NAME:-default}`` filled in, by default with the defaults."""
    given = environment or {}
    text = FILE.read_text(encoding="utf-8")
    filled = _VARIABLE.sub(lambda found: given.get(found[1]) or found[2], text)
    assert "$" not in filled, "a variable in another form than ${NAME:-default}"
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


def containers(environment: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Compose's "services" by name; Linkway's own services are some of them."""
    found: dict[str, dict[str, Any]] = load(environment)["services"]
    return found


def seconds(duration: str) -> float:
    """``40s`` as 40.0; Compose's other units are not used."""
    found = re.fullmatch(r"(\d+)s", duration)
    assert found, duration
    return float(found[1])


def published(container: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Host address, host port and container port of each published port."""
    ports = [port.split(":") for port in container.get("ports", [])]
    return [(host, int(outside), int(inside)) for host, outside, inside in ports]


def linkway_names(environment: Mapping[str, str]) -> set[str]:
    """The variables that carry Linkway's prefix."""
    return {name for name in environment if name.startswith("LINKWAY_")}


def as_mounted(container: Mapping[str, Any]) -> dict[str, str]:
    """The container's environment, with what is mounted from here named as it is here."""
    told: dict[str, str] = dict(container["environment"])
    for volume in container.get("volumes", []):
        source, inside, *_ = volume.split(":")
        if source.startswith("."):
            for name, value in told.items():
                if value.startswith(f"{inside}/"):
                    told[name] = str(ROOT / source / value.removeprefix(f"{inside}/"))
    return told
