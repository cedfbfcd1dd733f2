"""Dead letters of a running service, by its operations API: found, understood, put right."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaProducer

from services.console.serving import serving_on
from shared.cause import Actor
from shared.devissuer import DevIssuer
from shared.events import ReferralAccepted
from shared.testing import eventually, free_port
from tests.outcomes.asking import Service
from tests.outcomes.examples import CASE, WORKER, heard, intake, opened, referral_fact
from tests.outcomes.test_consumers import sealed


class Result(NamedTuple):
    """What a command said."""

    exit_code: int
    stdout: str
    stderr: str


OPERATIONS = Actor("ops-1", "operations", "operations", "icb-demo")


@pytest.fixture
async def group(kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[str]:
    """The group that met a fact of a case which it never heard of, and one it cannot read."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    for record, value in (
        (sealed(referral_fact(ReferralAccepted, 2)), None),
        (sealed(intake()), b'{"tenant": "Jane Roe, 1 High Street"}'),
    ):
        data, headers = record
        key = dict(headers)["ce_partitionkey"]
        await producer.send_and_wait(
            f"{topic_prefix}referral-events", value or data, key=key, headers=headers
        )
    yield f"{topic_prefix}outcomes"
    await producer.stop()


async def ask(service: Service, path: str) -> Any:
    answer = await service.get(path, OPERATIONS)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_dead_letter_is_found_understood_and_put_right(
    connected: Service, group: str
) -> None:
    async def both() -> Any:
        listed = (await ask(connected, f"/ops/dead-letters?group={group}"))["items"]
        return listed if len(listed) == 2 else None

    unreadable, missing = sorted(
        await eventually(both, within=30), key=lambda each: str(each["error"])
    )
    assert (missing["error"], missing["event_type"]) == ("NotFound", "referral-accepted")
    assert (unreadable["error"], unreadable["event_type"]) == ("Invalid", "referral-created")
    counts = (await ask(connected, "/ops/dead-letters/counts?status=open"))["items"]
    assert {(each["error"], each["count"]) for each in counts if each["group"] == group} == {
        ("NotFound", 1),
        ("Invalid", 1),
    }

    shown = await ask(connected, f"/ops/dead-letters/{unreadable['id']}")
    assert shown["payload"] == {"tenant": "text of 23"}
    assert shown["would"].startswith("still cannot be read")
    assert "Jane" not in json.dumps(shown)
    assert CASE not in json.dumps(shown)

    path = f"/ops/dead-letters/{unreadable['id']}/unmask"
    assert (await connected.post(path, OPERATIONS, {})).status_code == 422
    seen = await connected.post(path, OPERATIONS, {"reason": "which field it is that is wrong"})
    assert seen.json() == {"payload": {"tenant": "Jane Roe, 1 High Street"}}
    shown = await ask(connected, f"/ops/dead-letters/{unreadable['id']}")
    assert [(act["kind"], act["by"], act["reason"]) for act in shown["acts"]] == [
        ("unmasked", "ops-1", "which field it is that is wrong")
    ]

    chosen = {"group": group, "error": "NotFound"}
    foreseen = await connected.post("/ops/dead-letters/foresee", OPERATIONS, chosen)
    assert (foreseen.json()["total"], foreseen.json()["checked"]) == (1, {"would be applied": 1})
    await connected.stores.plans.insert(CASE, opened(), (), heard("restored"))
    body = {
        "chosen": chosen,
        "as_of": foreseen.json()["as_of"],
        "reason": "the case was restored",
        "rate": 100,
    }
    begun = await connected.post("/ops/dead-letters/replay", OPERATIONS, body, key="once")
    assert begun.status_code == 202
    again = await connected.post("/ops/dead-letters/replay", OPERATIONS, body, key="once")
    assert again.json()["id"] == begun.json()["id"]

    async def ended() -> Any:
        found = await ask(connected, f"/ops/repairs/{begun.json()['id']}")
        return found if found["status"] == "ended" else None

    found = await eventually(ended, within=20)
    assert (found["total"], found["done"], found["failed"]) == (1, 1, 0)
    plan = await connected.get(f"/plans/{CASE}", WORKER)
    assert plan.json()["referrals"][CASE]["status"] == "accepted"


async def test_only_operations_may_see_or_mend_dead_letters(connected: Service) -> None:
    for path in ("/ops/dead-letters", "/ops/dead-letters/counts", "/ops/repairs"):
        assert (await connected.get(path, WORKER)).status_code == 403
    for path in ("foresee", "replay", "discard", "some-id/unmask"):
        answer = await connected.post(f"/ops/dead-letters/{path}", WORKER, {})
        assert answer.status_code == 403
    unknown = await connected.get("/ops/dead-letters/some-id", OPERATIONS)
    assert unknown.status_code == 404


@pytest.fixture
async def console(
    connected: Service, issuer: DevIssuer, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[Result]]]:
    """Runs `linkway ops dead-letters` against the service, by HTTP; the others are away."""
    transport = connected.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    token = tmp_path / "token"
    token.write_text(
        issuer.issue(
            subject="ops-2", role="operations", organisation="operations", tenant="icb-demo"
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(transport.app, lifespan="off", log_config=None, access_log=False)
        async with serving_on(config, listening):

            async def run(*words: str) -> Result:
                options = ["--token-file", str(token), "--outcomes-url", f"http://127.0.0.1:{port}"]
                for other in ("referral", "directory", "notifications"):
                    options += [f"--{other}-url", f"http://127.0.0.1:{free_port()}"]
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "services.console", "ops"),
                    *(*options, "dead-letters", *words),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                )
                stdout, stderr = await process.communicate()
                return Result(process.returncode or 0, stdout.decode(), stderr.decode())

            yield run


async def test_the_console_finds_explains_and_mends(
    connected: Service, group: str, console: Callable[..., Awaitable[Result]]
) -> None:
    async def both() -> Any:
        listed = json.loads((await console("list", "--json", "--group", group)).stdout)
        return listed if len(listed) == 2 else None

    rows = {each["error"]: each for each in await eventually(both, within=30)}

    counted = await console("count")
    assert counted.exit_code == 2
    assert "referral does not answer" in counted.stderr
    assert "NotFound" in counted.stdout

    shown = await console("show", rows["NotFound"]["id"])
    assert "0 later events of the key wait for it" in shown.stdout
    assert "would be applied" in shown.stdout
    assert CASE not in shown.stdout

    meant = ("replay", "--service", "outcomes", "--error", "NotFound")
    assert (await console(*meant)).exit_code == 2
    trial = await console(*meant, "--dry-run")
    assert "outcomes: 1 to replay" in trial.stdout
    in_vain = await console(*meant, "--reason", "to see whether it works", "--yes")
    assert (in_vain.exit_code, in_vain.stdout.splitlines()[-1]) == (
        1,
        "outcomes: 0 replayed, 1 failed again.",
    )
    await connected.stores.plans.insert(CASE, opened(), (), heard("restored"))
    mended = await console(*meant, "--reason", "the case was restored", "--yes")
    assert (mended.exit_code, mended.stdout.splitlines()[-1]) == (0, "outcomes: 1 replayed.")

    discarded = await console(
        "discard",
        rows["Invalid"]["id"],
        "--service",
        "outcomes",
        "--json",
        "--yes",
        "--reason",
        "sent by a test",
    )
    assert json.loads(discarded.stdout)["repairs"]["outcomes"]["done"] == 1
    assert json.loads((await console("list", "--json", "--group", group)).stdout) == []
