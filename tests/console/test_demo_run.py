"""The demo itself, as a process of its own on real servers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.ids import new_id
from shared.servers import Kafka
from shared.store import Database

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def env(mongo_uri: str, kafka: Kafka, tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("LINKWAY_")}
    return {
        **own,
        "LINKWAY_USE_MONGO": mongo_uri,
        "LINKWAY_USE_KAFKA": kafka.bootstrap,
        "LINKWAY_CACHE": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "services.console", "demo", *arguments]


@contextmanager
def running(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, killed at the end if it still runs."""
    with subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"{text!r} was not said in:\n{said}")


async def test_six_people_are_referred_and_all_counts_agree(
    env: dict[str, str], mongo_uri: str, kafka: Kafka
) -> None:
    prefix = f"demo-{new_id()[-8:]}-"
    done = await asyncio.to_thread(
        subprocess.run,
        command("--once", "--people", "6", "--seed", "7", "--prefix", prefix),
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "6 synthetic people" in lines[0]
    assert lines[-1] == "All counts agree: accepted = published = applied."
    # One of the six is declined once and referred on again, so 6 + 7.
    assert re.search(r"^  Referrals +13 +13 +13 +13 +yes$", done.stdout, re.MULTILINE)
    assert re.search(r"^  all +6 +7 +0 +13$", done.stdout, re.MULTILINE)
    # Six consumers have a column each, the last one too.
    assert re.search(r"^  type +published +topic .* reports +referral$", done.stdout, re.MULTILINE)
    assert "refused with 409: 1." in done.stdout
    assert "Without a good signature: 0. Received twice: 0. Dead letters: 0." in done.stdout

    for service in ("referral", "directory", "outcomes", "notifications"):
        left = Database.connect(mongo_uri, f"{prefix}{service}")
        assert (await left.command({"dbStats": 1}))["objects"] == 0
        await left.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    assert not [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
    await admin.close()


def test_it_stays_until_ctrl_c_and_then_ends_everything_without_a_trace(
    env: dict[str, str],
) -> None:
    with running(env, "--people", "1") as process:
        said = read_until(process, "Ctrl-C stops everything.")
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 4
        shown = re.search(r"^  (curl .*)$", said, re.MULTILINE)
        assert shown
        answer = subprocess.run(
            ["sh", "-c", shown[1]], capture_output=True, text=True, timeout=30, check=False
        )
        assert '"status":"' in answer.stdout

        process.send_signal(signal.SIGINT)
        assert process.stdout
        rest = process.stdout.read()
        assert process.wait() == 0
    assert rest.strip() == "Stopped: everything the demo started has ended."
    assert not any(child.is_running() for child in children)


def test_a_demo_that_is_killed_takes_everything_with_it(env: dict[str, str]) -> None:
    with running(env, "--people", "1") as process:
        read_until(process, "ready")
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        gone, alive = psutil.wait_procs(children, timeout=10)
    assert len(gone) == 4
    assert alive == []


def test_a_server_that_does_not_answer_is_one_clear_sentence(env: dict[str, str]) -> None:
    env["LINKWAY_USE_MONGO"] = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"
    done = subprocess.run(
        command("--once"), cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "No MongoDB answers at the address in LINKWAY_USE_MONGO.\n"
