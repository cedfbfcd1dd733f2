"""`make check` finds planted secrets, pins that must not be, and known vulnerabilities."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy import scan
from shared.testing import free_port

# Put together here, so that this file holds no such thing itself.
PLANTED = {
    "AWS Access Key": "AKIA" + "IOSFODNN7" + "ABCDEFG",
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "GitHub Token": "gh" + "p_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "Basic Auth Credentials": "mongodb://keeper:" + "hush4hush@db.example.org/",
    "Secret Keyword": 'smtp_password = "' + 'hush4hush5hush"',
}


@pytest.fixture
def planted() -> Iterator[Path]:
    """A file in the project, as a careless person would leave it; removed afterwards."""
    folder = scan.ROOT / "docs"
    path = folder / f"planted-{free_port()}.py"
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_and_not_repeated(planted: Path, kind: str) -> None:
    planted.write_text(f"# harmless\nvalue = 1\n# {PLANTED[kind]}\n{PLANTED[kind]}\n")
    done = subprocess.run(
        [sys.executable, scan.ROOT / "deploy/scan.py", planted],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"docs/{planted.name}:" in done.stdout
    assert kind in done.stdout
    assert "hush" not in done.stdout
    assert PLANTED[kind] not in done.stdout


def test_a_line_that_says_why_it_is_none_is_let_through(planted: Path) -> None:
    planted.write_text(f"{PLANTED['Secret Keyword']}  # pragma: allowlist secret\n")
    assert list(scan.secrets([f"docs/{planted.name}"], {})) == []
    planted.write_text(f"{PLANTED['Secret Keyword']}\n")
    assert list(scan.secrets([f"docs/{planted.name}"], {f"docs/{planted.name}": "why"})) == []
    assert list(scan.secrets([f"docs/{planted.name}"], {})) == [
        f"docs/{planted.name}:1: Secret Keyword"
    ]


HASH = " \\\n    --hash=sha256:" + "0" * 64
GOOD = f"alpha==1.0{HASH}{HASH}\nbeta==2.0 ; sys_platform == 'linux'{HASH}\n"
REFUSED = {"gamma": "it is unsafe"}
LEAST = {"alpha": {"version": "1.0", "why": "older ones fail"}}


def test_a_good_lock_file_has_nothing_to_put_right() -> None:
    assert list(scan.pins(GOOD, REFUSED, LEAST)) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("delta==1.0", "delta: has no hash"),
        (f"delta>=1.0{HASH}", "delta: is not pinned to one version"),
        (f"delta==1.*{HASH}", "delta: is not pinned to one version"),
        (f"delta @ https://files.example.org/delta.whl{HASH}", "delta: is not pinned to one"),
        (f"gamma==1.0{HASH}", "gamma: must not be used (it is unsafe)"),
        (f"alpha==0.9{HASH}", "alpha: must be 1.0 or newer (older ones fail)"),
        ("--index-url https://mirror.example.org/", "--index-url: only names and versions"),
        ("git+https://git.example.org/x", "git+https://git.example.org/x: only names"),
    ],
)
def test_what_must_not_be_in_a_lock_file_is_named(entry: str, said: str) -> None:
    (line,) = scan.pins(f"{GOOD}{entry}\n", REFUSED, LEAST)
    assert line.startswith(said)


def test_the_lock_files_are_good() -> None:
    known = tomllib.loads((scan.ROOT / "deploy/scan.toml").read_text())
    for name in scan.LOCKS:
        lock = (scan.ROOT / name).read_text()
        assert lock.count("==") > 0
        assert list(scan.pins(lock, known["refused"], known["least"])) == []


def test_a_service_that_cannot_be_reached_is_told_of_and_fails_nothing() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/v1/query"
    found, said = scan.vulnerabilities(scan.ROOT / scan.LOCKS[2], {}, nowhere)
    assert found == []
    assert said == "Vulnerabilities were NOT looked up: 127.0.0.1 cannot be reached from here."


@contextmanager
def database_of(answers: dict[str, object]) -> Iterator[str]:
    """A server that speaks osv.dev's API (google.github.io/osv.dev/post-v1-query)."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answers.get(asked["package"]["name"], {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def test_a_known_vulnerability_is_named_unless_it_was_accepted(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(GOOD)
    fault = {
        "id": "PYSEC-2026-1",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"name": "alpha", "ecosystem": "PyPI"},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}
                ],
            }
        ],
    }
    with database_of({"alpha": {"vulns": [fault]}}) as service:
        found, said = scan.vulnerabilities(lock, {}, service)
        assert found == ["alpha 1.0: PYSEC-2026-1, put right in 1.1"]
        assert said == "2 packages looked up at 127.0.0.1."
        assert scan.vulnerabilities(lock, {"PYSEC-2026-1": "why"}, service)[0] == []
