from pathlib import Path

import pytest
import stamina
from typer.testing import CliRunner, Result

from services.console.app import app
from shared.testing import free_port

GROUPS = "name,postcode,url\nHall,ZZ1 1AA,\nShed,Z9 1AA,ask inside\n" + "".join(
    f",ZZ1 1AA,{n}\n" for n in range(23)
)


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINKWAY_TOKEN", raising=False)


def linkway(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", *arguments], env={"COLUMNS": "200"})


def table_row(output: str, first: str) -> list[str]:
    """The cells of the row that begins with ``first``."""
    (line,) = (line for line in output.splitlines() if line.startswith(f"│ {first} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_dry_run_reports_figures_bad_rows_and_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text(GROUPS)
    (tmp_path / "readme.md").write_text("# Groups\n")

    done = linkway("--dry-run", str(tmp_path))

    assert done.exit_code == 0, done.output
    assert table_row(done.output, "groups.csv") == ["groups.csv", "organisations", "2", "23", "0"]
    assert "Nothing was sent" in done.output
    assert "groups.csv: url left out: not understood (1 row: line 3)" in done.output
    assert "Passed over, of no known format: readme.md" in done.output


def test_the_first_20_bad_rows_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text(GROUPS)

    done = linkway("--dry-run", str(tmp_path))

    assert done.output.count("name: String should have at least 1 character") == 20
    assert table_row(done.output, "   4") == ["4", "name: String should have at least 1 character"]
    assert "... and 3 more." in done.output


def test_a_postcode_area_leaves_out_the_others(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text(GROUPS)

    done = linkway("--dry-run", "--postcode-area", "zz", str(tmp_path))

    assert done.exit_code == 0
    assert table_row(done.output, "groups.csv") == ["groups.csv", "organisations", "1", "23", "1"]


def test_a_file_that_cannot_be_read_gives_status_1_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "groups.csv").write_text(GROUPS)
    (tmp_path / "broken.json").write_text('[{"id": "a", "name": "A", "status": "active"},\n{]')

    done = linkway("--dry-run", str(tmp_path))

    assert done.exit_code == 1
    assert "Not read:" in done.output
    assert "broken.json: line 2 is not JSON" in done.output
    assert table_row(done.output, "groups.csv")[2] == "2"


def test_without_a_token_nothing_is_tried(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text(GROUPS)

    done = linkway(str(tmp_path))

    assert done.exit_code == 2
    assert "give --token-file, or set LINKWAY_TOKEN" in done.output


def test_a_directory_that_does_not_answer_gives_status_1_and_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "groups.csv").write_text(GROUPS)
    monkeypatch.setenv("LINKWAY_TOKEN", "a-token")

    with stamina.set_testing(True):
        done = linkway(str(tmp_path), "--directory-url", f"http://127.0.0.1:{free_port()}")

    assert done.exit_code == 1
    assert "Broken off: The directory does not answer (ConnectError)." in done.output


def test_help_says_what_is_read_and_how_it_ends() -> None:
    done = linkway("--help")

    assert done.exit_code == 0
    for words in ("Open Referral UK", "epraccur", "--dry-run", "--postcode-area", "status 0"):
        assert words in done.output
