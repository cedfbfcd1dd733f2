"""The import against the real directory service on a real MongoDB, over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn

from services.console.importing.directory import Outcome, PublicDirectory
from services.console.importing.records import BadRow
from services.console.importing.run import Report, run
from services.directory.app import create_app
from shared.devissuer import DevIssuer
from shared.testing import free_port

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
DEMO = ROOT / "services" / "console" / "demo_data"

Figures = dict[str, dict[str, dict[Outcome, int]]]


@pytest.fixture
def directory(
    service_env: Callable[[str], dict[str, str]],
    issuer: DevIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[httpx.Client]:
    """A directory of this test's own, and a client that may read and write it."""
    for name, value in service_env("directory").items():
        monkeypatch.setenv(name, value)
    token = issuer.issue(
        subject="curator-1", role="directory_curator", organisation="icb", tenant="icb-demo"
    )
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(create_app, factory=True, host="127.0.0.1", port=port, log_config=None)
    )
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {token}"},
            timeout=30,
        ) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def load(client: httpx.Client, *paths: Path, areas: frozenset[str] = frozenset()) -> Report:
    token = client.headers["authorization"].removeprefix("Bearer ")
    with PublicDirectory(str(client.base_url), token) as directory:
        report = run(paths, directory, areas=areas)
    assert report.refused is None
    return report


def figures(report: Report) -> Figures:
    return {
        path.name: {kind: {**counts} for kind, counts in tally.outcomes.items()}
        for path, tally in report.tallies.items()
    }


def test_what_is_imported_can_be_found_and_a_second_import_changes_nothing(
    directory: httpx.Client,
) -> None:
    first, second = load(directory, DEMO), load(directory, DEMO)

    assert [tally.bad for tally in first.tallies.values()] == [[], [], [], []]
    assert figures(first) == {
        "districts.csv": {"/districts": {"created": 12}},
        "organisations.json": {"/organisations": {"created": 3}},
        "practices.csv": {"/organisations": {"created": 15}},
        "services.json": {"/organisations": {"created": 26}, "/services": {"created": 60}},
    }
    assert figures(second) == {
        "districts.csv": {"/districts": {"unchanged": 12}},
        "organisations.json": {"/organisations": {"unchanged": 3}},
        "practices.csv": {"/organisations": {"unchanged": 15}},
        "services.json": {"/organisations": {"unchanged": 26}, "/services": {"unchanged": 60}},
    }

    near = "/services?need=nature&postcode=ZZ5%203AF&proximity=2000&role=community"
    found = directory.get(near).raise_for_status().json()["items"]
    assert [item["name"] for item in found] == ["Saltmarsh Sowers", "Sea Legs"]
    assert found[0]["capacity"]["available"] == 12
    practice = directory.get("/organisations/Y90001").raise_for_status().json()
    assert practice["name"] == "HARBOUR LIGHTS SURGERY"
    assert practice["kind"] == "practice"


def test_a_service_without_coordinates_is_found_by_the_district_of_its_postcode(
    directory: httpx.Client, tmp_path: Path
) -> None:
    (tmp_path / "groups.csv").write_text(
        "name,category,postcode\nHall,choir,zz32ad\nShed,choir,ZZ8 1AJ\n"
    )

    load(directory, DEMO / "districts.csv", tmp_path)

    near = "/services?postcode=ZZ3%209ZZ&proximity=1000"
    found = directory.get(near).raise_for_status().json()["items"]
    assert [item["name"] for item in found] == ["Hall"]


def test_a_changed_row_changes_its_service_alone(directory: httpx.Client, tmp_path: Path) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("id,name,postcode\n1,Hall,ZZ1 1AA\n2,Shed,ZZ1 1AA\n")
    load(directory, groups)

    groups.write_text("id,name,postcode\n1,The Hall,ZZ1 1AA\n2,Shed,ZZ1 1AA\n3,Loft,ZZ1 1AA\n")
    report = load(directory, groups)

    assert figures(report)["groups.csv"]["/services"] == {
        "changed": 1,
        "unchanged": 1,
        "created": 1,
    }


def test_a_row_the_directory_refuses_is_told_with_its_line_and_the_others_load(
    directory: httpx.Client, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.json"
    clay = {"id": "a", "name": "Clay", "status": "active", "organization": {"id": "o", "name": "O"}}
    backwards = {**clay, "id": "b", "minimum_age": 30, "maximum_age": 20}
    feed.write_text(f"[\n{json.dumps(clay)},\n{json.dumps(backwards)}\n]\n")

    report = load(directory, feed)

    assert report.tallies[feed].bad == [
        BadRow(3, "refused: /maximum_age: must be minimum_age or more")
    ]
    assert figures(report)["feed.json"]["/services"] == {"created": 1, "invalid": 1}


def test_a_service_closed_in_the_directory_is_not_opened_again_by_an_import(
    directory: httpx.Client, tmp_path: Path
) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("id,name,postcode\n1,Hall,ZZ1 1AA\n2,Shed,ZZ1 1AA\n")
    load(directory, groups)
    (hall,) = (
        item["id"]
        for item in directory.get("/services").raise_for_status().json()["items"]
        if item["name"] == "Hall"
    )
    closing = {"reason_code": "provider_closed"}
    directory.post(f"/services/{hall}/close", json=closing).raise_for_status()

    report = load(directory, groups)

    (bad,) = report.tallies[groups].bad
    assert bad.line == 2
    assert bad.reason.startswith("refused: /status: ")
    assert figures(report)["groups.csv"]["/services"] == {"invalid": 1, "unchanged": 1}


def test_a_token_of_someone_who_is_no_curator_is_refused_in_one_sentence(
    directory: httpx.Client, issuer: DevIssuer
) -> None:
    token = issuer.issue(subject="gp-1", role="referrer", organisation="Y90001", tenant="icb-demo")

    with PublicDirectory(str(directory.base_url), token) as client:
        report = run([DEMO / "districts.csv"], client)

    assert report.refused is not None
    assert report.refused.startswith("The directory refused with status 403: ")
    assert not report.complete


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files of ../shared/data are not here")
@pytest.mark.timeout(600)
def test_the_real_files_load_whole_and_a_second_import_changes_nothing(
    directory: httpx.Client,
) -> None:
    first, second = load(directory, SHARED), load(directory, SHARED)

    assert first.complete
    assert {path.name: tally.bad for path, tally in first.tallies.items()} == {
        "outcodes.csv": [],
        "epraccur.csv": [],
        "libraries.csv": [],
        "sheffield-food.csv": [],
    }
    assert figures(first) == {
        "outcodes.csv": {"/districts": {"created": 2_848}},
        "epraccur.csv": {"/organisations": {"created": 14_357}},
        "libraries.csv": {"/organisations": {"created": 151}, "/services": {"created": 3_238}},
        "sheffield-food.csv": {"/organisations": {"created": 35}, "/services": {"created": 35}},
    }
    assert figures(second) == {
        "outcodes.csv": {"/districts": {"unchanged": 2_848}},
        "epraccur.csv": {"/organisations": {"unchanged": 14_357}},
        "libraries.csv": {"/organisations": {"unchanged": 151}, "/services": {"unchanged": 3_238}},
        "sheffield-food.csv": {
            "/organisations": {"unchanged": 35},
            "/services": {"unchanged": 35},
        },
    }
