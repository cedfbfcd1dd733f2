"""Look for secrets in the project's files, for pins that must not be, and for vulnerabilities.

    python deploy/scan.py             part of `make check`
    python deploy/scan.py FILE …      look for secrets in these files only

Secrets are found by detect-secrets, vulnerabilities by pip-audit in the database of osv.dev.
Where that cannot be reached the look-up is left out, and the last line says so; all else
needs no network.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from detect_secrets import SecretsCollection
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.settings import transient_settings
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "deploy/requirements.txt", "deploy/requirements-uv.txt")
OSV = "https://api.osv.dev/v1/query"

# Hashes and generated ids look like secrets, and addresses are in the documentation.
_TOO_EAGER = {"HexHighEntropyString", "Base64HighEntropyString", "IPPublicDetector"}
# Tests are full of made-up passwords; a real key has a form of its own, and is found there too.
_NOT_IN_TESTS = {"KeywordDetector", "BasicAuthDetector"}
_MADE = (*LOCKS, "docs/contracts/")
"""Hashes, and what is made from code that is itself looked through."""
_FILTERS = (
    "allowlist.is_line_allowlisted",
    "heuristic.is_indirect_reference",
    "heuristic.is_potential_uuid",
    "heuristic.is_templated_secret",
)
_PINNED = re.compile(r"==[^*,]+$")
_REACH_SECONDS = 3.0
_LOOKUP_SECONDS = 300.0


def secrets(files: Iterable[str], known: Mapping[str, str]) -> Iterator[str]:
    """A line for each thing that looks like a secret: where and of what kind, never the thing."""
    plugins = {kind.__name__ for kind in get_mapping_from_secret_type_to_class().values()}
    names = [name for name in files if name not in known and not name.startswith(_MADE)]
    tests = [name for name in names if name.startswith("tests/")]
    for chosen, left_out in (
        ([name for name in names if name not in tests], _TOO_EAGER),
        (tests, _TOO_EAGER | _NOT_IN_TESTS),
    ):
        settings = {
            "plugins_used": [{"name": name} for name in sorted(plugins - left_out)],
            "filters_used": [{"path": f"detect_secrets.filters.{name}"} for name in _FILTERS],
        }
        with transient_settings(settings):
            found = SecretsCollection(root=str(ROOT))
            found.scan_files(*chosen)
            for name, secret in found:
                yield f"{name}:{secret.line_number}: {secret.type}"


def pins(lock: str, refused: Mapping[str, str], least: Mapping[str, Any]) -> Iterator[str]:
    """A line for each requirement of a lock file that must not be there as it is."""
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        wanted, _, hashes = entry.replace("\\\n", " ").partition(" --hash=")
        if wanted.startswith(("-", "http:", "https:", "git+", "/", ".")):
            yield f"{wanted.split()[0]}: only names and versions belong in a lock file"
            continue
        try:
            requirement = Requirement(wanted)
        except InvalidRequirement:
            yield f"{wanted}: this is not a requirement"
            continue
        name, version = requirement.name.lower(), str(requirement.specifier)
        if requirement.url or not _PINNED.fullmatch(version):
            yield f"{name}: is not pinned to one version"
        elif name in least and Version(version[2:]) < Version(least[name]["version"]):
            yield f"{name}: must be {least[name]['version']} or newer ({least[name]['why']})"
        if not hashes.startswith("sha256:"):
            yield f"{name}: has no hash"
        if name in refused:
            yield f"{name}: must not be used ({refused[name]})"


def vulnerabilities(
    lock: Path, accepted: Iterable[str], service: str = OSV
) -> tuple[list[str], str]:
    """A line for each known vulnerability of what ``lock`` pins, and what to say of the look-up."""
    at = urlsplit(service)
    try:
        socket.create_connection(
            (at.hostname or "", at.port or 443), timeout=_REACH_SECONDS
        ).close()
    except OSError:
        return [], f"Vulnerabilities were NOT looked up: {at.hostname} cannot be reached from here."
    ignored = [word for name in accepted for word in ("--ignore-vuln", name)]
    command: Sequence[str] = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--disable-pip"),
        *("--require-hashes", "--vulnerability-service", "osv", "--osv-url", service),
        *("--progress-spinner", "off", "--format", "json", *ignored),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are this file's own
            command, capture_output=True, text=True, check=False, timeout=_LOOKUP_SECONDS
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return [], f"Vulnerabilities were NOT looked up: {at.hostname} did not answer as it should."
    lines = [
        f"{each['name']} {each['version']}: {fault['id']}, "
        f"put right in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for each in found
        for fault in each.get("vulns", ())
    ]
    return lines, f"{len(found)} packages looked up at {at.hostname}."


def main() -> int:
    """Look for all of it; the exit status is 1 where something was found."""
    known = tomllib.loads((ROOT / "deploy/scan.toml").read_text(encoding="utf-8"))
    given = sys.argv[1:]
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git the developer uses
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [str(Path(name).resolve().relative_to(ROOT)) for name in given] or [
        name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()
    ]
    wrong = [f"secret? {line}" for line in secrets(files, known["no-secret"])]
    said = ""
    if not given:
        for name in LOCKS:
            lock = (ROOT / name).read_text(encoding="utf-8")
            wrong += [f"{name}: {line}" for line in pins(lock, known["refused"], known["least"])]
        found, said = vulnerabilities(ROOT / LOCKS[1], known["accepted"])
        wrong += found
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    ending = "Nothing to put right." if not wrong else f"{len(wrong)} to put right."
    sys.stdout.write(f"{len(files)} files scanned for secrets. {ending} {said}".rstrip() + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
