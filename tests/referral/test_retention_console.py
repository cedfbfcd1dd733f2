"""`linkway retention` against a service that listens: a dry run, then the night's own run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from typer.testing import CliRunner, Result

from services.console.app import app as console
from shared.errors import Erased
from tests.referral.conftest import TENANT, Referring
from tests.referral.people import lead
from tests.referral.test_retention import OTHER, admin, ended

pytestmark = pytest.mark.usefixtures("listening")


async def called(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, console, ["retention", *arguments])


def counted(result: Result) -> Mapping[str, Any]:
    assert result.exit_code == 0, result.output
    # The service shares the command's output here, and logs each request to it.
    found: Mapping[str, Any] = json.loads(result.output[result.output.index("{\n") :])
    return found


async def names(referring: Referring, *persons: str) -> list[str]:
    return [
        (await referring.stores.persons.get(person, TENANT)).state.given_names for person in persons
    ]


@pytest.fixture
async def old(referring: Referring) -> list[str]:
    """Two persons whose records need not be kept any longer, and one whose must be."""
    over = [await ended(referring), await ended(referring, person=OTHER)]
    held = await ended(referring, person=OTHER | {"family_name": "Heldperson"})
    await referring.http.put(
        f"/persons/{held}/legal-hold", json={"held": True}, headers=lead(referring)
    )
    kept = await referring.http.put(
        "/retention/rules", json={"adult_years": 0}, headers=admin(referring)
    )
    assert kept.status_code == 200, kept.text
    return [*over, held]


async def test_a_dry_run_changes_nothing_and_the_real_run_erases_what_it_counted(
    referring: Referring, old: list[str]
) -> None:
    foreseen = counted(await called("--dry-run", "--json"))
    assert {name: of["count"] for name, of in foreseen["types"].items()} == {"adult": 2}
    assert (foreseen["erased"], foreseen["dry_run"]) == (0, True)
    assert await names(referring, *old) == ["Sample", "Other", "Other"]

    done = counted(await called("--yes", "--json"))
    assert (done["erased"], done["left_alone"], done["dry_run"]) == (2, 0, False)
    for person in old[:2]:
        with pytest.raises(Erased):
            await referring.stores.persons.get(person, TENANT)
    assert await names(referring, old[2]) == ["Other"], "the held record stays"

    again = counted(await called("--yes", "--json"))
    assert (again["types"], again["erased"]) == ({}, 0)


async def test_without_a_yes_nothing_is_erased(referring: Referring, old: list[str]) -> None:
    refused = await called()
    assert refused.exit_code == 1
    assert "This cannot be undone. Erase 2 persons?" in refused.output
    assert await names(referring, *old) == ["Sample", "Other", "Other"]


@pytest.fixture
def issuer_of(
    referring: Referring, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str]]]:
    """A token endpoint that gives the tenant admin's token; who asked it, and for which scope."""
    asked: list[tuple[str, str]] = []
    token = admin(referring)["Authorization"].removeprefix("Bearer ")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            asked.append((self.headers["authorization"], parse_qs(body)["scope"][0]))
            self.send_response(200)
            self.end_headers()
            given = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
            self.wfile.write(json.dumps(given).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("LINKWAY_TOKEN_URL", f"http://127.0.0.1:{server.server_port}/token")
        yield asked
        server.shutdown()


async def test_what_runs_by_itself_asks_the_issuer_for_a_token_with_its_secret(
    old: list[str],
    issuer_of: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    monkeypatch.delenv("LINKWAY_TOKEN")
    monkeypatch.setenv("LINKWAY_TENANT", "icb-a")
    without = await called("--yes", "--json")
    assert without.exit_code == 2
    assert "LINKWAY_CLIENT_SECRET" in without.output

    (tmp_path / "secret").write_text("made-up\n")
    monkeypatch.setenv("LINKWAY_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("LINKWAY_CLIENT_ID", "retention")
    done = counted(await called("--yes", "--json"))
    assert done["erased"] == len(old) - 1
    # "retention:made-up" in base64.
    assert issuer_of == [("Basic cmV0ZW50aW9uOm1hZGUtdXA=", "tenant:icb-a")]
