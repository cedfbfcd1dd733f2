import asyncio

import httpx
import pytest

from shared.errors import Unavailable
from shared.settings import ServiceSettings
from shared.telemetry import Telemetry
from shared.testing import serving
from shared.web import Check, health_router
from tests.shared.web.garden import garden


class Part:
    """Something to depend on: ``fault`` is what its probe raises."""

    def __init__(self) -> None:
        self.fault: Exception | None = None

    async def probe(self) -> None:
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def mongo() -> Part:
    return Part()


@pytest.fixture
def kafka() -> Part:
    return Part()


async def ready(
    settings: ServiceSettings, *checks: Check, steps: list[dict[Part, Exception | None]]
) -> list[httpx.Response]:
    """What ``/ready`` says after each step, a step being what fails from then on."""
    answers = []
    async with serving(garden(settings, health_router(checks))) as client:
        for step in steps:
            for part, fault in step.items():
                part.fault = fault
            answers.append(await client.get("/ready"))
    return answers


async def test_a_service_lives_whatever_it_depends_on(
    settings: ServiceSettings, mongo: Part
) -> None:
    mongo.fault = Unavailable("away")
    app = garden(settings, health_router([Check("mongo", mongo.probe, vital=True)]))
    async with serving(app) as client:
        answer = await client.get("/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_ready_when_every_check_is_well(
    settings: ServiceSettings, mongo: Part, kafka: Part
) -> None:
    (answer,) = await ready(
        settings,
        Check("mongo", mongo.probe, vital=True),
        Check("kafka", kafka.probe, vital=False),
        steps=[{}],
    )
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"mongo": "ok", "kafka": "ok"}}


async def test_without_a_vital_part_the_service_is_not_ready_even_if_it_once_was(
    settings: ServiceSettings, mongo: Part
) -> None:
    before, during, after = await ready(
        settings,
        Check("mongo", mongo.probe, vital=True),
        steps=[{}, {mongo: Unavailable("The database did not answer.")}, {mongo: None}],
    )
    assert before.status_code == after.status_code == 200
    assert during.status_code == 503
    assert during.json() == {
        "status": "not ready",
        "checks": {"mongo": "The database did not answer."},
    }


async def test_a_part_that_is_not_vital_must_have_been_reached_once(
    settings: ServiceSettings, kafka: Part
) -> None:
    check = Check("kafka", kafka.probe, vital=False)
    away = Unavailable("Kafka did not answer.")
    never, reached, lost = await ready(
        settings, check, steps=[{kafka: away}, {kafka: None}, {kafka: away}]
    )
    assert (never.status_code, never.json()["status"]) == (503, "not ready")
    assert (reached.status_code, reached.json()["status"]) == (200, "ready")
    assert (lost.status_code, lost.json()["status"]) == (200, "degraded")
    assert lost.json()["checks"] == {"kafka": "Kafka did not answer."}


async def test_a_probe_that_hangs_is_given_up_and_does_not_hold_up_the_others(
    settings: ServiceSettings, mongo: Part
) -> None:
    checks = [
        Check(name, lambda: asyncio.sleep(30), vital=True, timeout=0.05)
        for name in ("one", "two", "three")
    ]
    began = asyncio.get_running_loop().time()
    (answer,) = await ready(settings, *checks, Check("mongo", mongo.probe, vital=True), steps=[{}])
    assert asyncio.get_running_loop().time() - began < 20
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "one": "no answer within 0.05 s",
        "two": "no answer within 0.05 s",
        "three": "no answer within 0.05 s",
        "mongo": "ok",
    }


async def test_an_unforeseen_fault_shows_its_class_and_not_its_words(
    settings: ServiceSettings, mongo: Part
) -> None:
    check = Check("mongo", mongo.probe, vital=True)
    (answer,) = await ready(
        settings, check, steps=[{mongo: OSError("mongodb://keeper:hush-hush@db")}]
    )
    assert answer.json()["checks"] == {"mongo": "OSError"}


async def test_figures_are_those_of_this_application_alone(settings: ServiceSettings) -> None:
    telemetry, other = Telemetry(settings), Telemetry(settings)
    other.metrics.dead_letters_total.labels("elsewhere").inc()
    telemetry.metrics.dead_letters_total.labels("here").inc(3)
    async with serving(garden(settings, telemetry=telemetry)) as client:
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'dead_letters_total{reason="here"} 3.0' in answer.text
    assert "elsewhere" not in answer.text
