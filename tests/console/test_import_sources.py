from pathlib import Path

import pytest

from services.console.importing import sources

DISTRICTS = "postcode,latitude,longitude\nZZ1,54.01,0.5\n"
PRACTICE = ",".join(["Y90001", "SURGERY", *[""] * 10, "A", *[""] * 12, "4", ""]) + "\n"
SERVICES = "name,postcode,lat,lng\nHall,ZZ1 1AA,54.01,0.5\n"
ORUK = '{"contents": [{"id": "a", "name": "A", "status": "active"}]}'
SCHEMA = '{"name": "service", "path": "services.csv", "type": "object", "properties": {}}'


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (DISTRICTS, "postcode districts"),
        (PRACTICE, "NHS ODS practices"),
        ("Y90002,TOO SHORT\n" + PRACTICE, "NHS ODS practices"),
        (SERVICES, "table of services"),
        (ORUK, "Open Referral UK services"),
        ("\n\n  " + ORUK.replace("A", "A" * 200_000), "Open Referral UK services"),
        ('[{"id": "a", "service": {}, "location": {}}]', "Open Referral UK services"),
        ('{"id": "a", "name": "A", "services": []}', "Open Referral UK services"),
        (SCHEMA, None),
        ('{"openapi": "3.0.0"}', None),
        ("[]", None),
        ("# Notes\n", None),
        ("", None),
        ("\n \n", None),
        (" , , \n", None),
        ("postcode,town\nZZ1,Ham\n", None),
    ],
)
def test_a_format_is_told_by_content_and_not_by_the_file_name(
    tmp_path: Path, content: str, name: str | None
) -> None:
    path = tmp_path / "file"
    path.write_text(content)

    found = sources.recognise(path)

    assert (found and found.name) == name


def test_a_folder_is_read_districts_first_then_practices_then_services(tmp_path: Path) -> None:
    for name, content in (
        ("a.json", ORUK),
        ("b.csv", SERVICES),
        ("c.csv", PRACTICE),
        ("d.csv", DISTRICTS),
        ("e.md", "# Notes\n"),
        (".hidden.csv", SERVICES),
    ):
        (tmp_path / name).write_text(content)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "b.csv").write_text(SERVICES)

    found = sources.find([tmp_path])

    assert [source.path.name for source in found.files] == ["d.csv", "c.csv", "b.csv", "a.json"]
    assert found.passed_over == (tmp_path / "e.md",)
    assert found.faults == ()


def test_a_file_that_was_named_must_be_of_a_known_format(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\n")

    found = sources.find([notes, tmp_path / "missing.csv"])

    assert found.files == ()
    assert found.faults == (
        (notes, "it is of no format that can be imported"),
        (tmp_path / "missing.csv", "it cannot be opened: No such file or directory"),
    )


def test_broken_json_and_undecodable_tables_are_faults_but_other_files_are_passed_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.json").write_text('[{"id": 1,]')
    (tmp_path / "broken.csv").write_bytes(b"name,postcode\n\x81\xff\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x81\xff")
    (tmp_path / "links.md").write_text("[a link](https://example.org)\n")

    found = sources.find([tmp_path])

    assert [(path.name, reason.partition(":")[0]) for path, reason in found.faults] == [
        ("broken.csv", "it is neither UTF-8 nor Windows-1252 text"),
        ("broken.json", "line 1 is not JSON"),
    ]
    assert [path.name for path in found.passed_over] == ["links.md", "picture.png"]


def test_a_file_named_twice_or_with_its_folder_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text(SERVICES)

    assert len(sources.find([path, path, tmp_path]).files) == 1
