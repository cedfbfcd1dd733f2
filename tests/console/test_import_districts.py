from pathlib import Path

from services.console.importing import districts
from services.console.importing.records import BadRow, District, Row


def read(folder: Path, text: str) -> list[Row | BadRow]:
    path = folder / "outcodes.csv"
    path.write_text(text)
    return list(districts.read(path))


def test_districts_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    rows = read(
        tmp_path, "easting,Outcode,lng,lat,City\n1,zz1,0.5,54.01,Merrowhaven\n1,ZZ2,0,54,\n"
    )

    assert rows == [
        Row(2, District(id="ZZ1", latitude=54.01, longitude=0.5, town="Merrowhaven")),
        Row(3, District(id="ZZ2", latitude=54.0, longitude=0.0)),
    ]


def test_bad_rows_have_their_line_and_reason_and_good_rows_are_read(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "postcode,latitude,longitude,town\n"
        "ZZ1 1AA,54.01,0.5,\n"
        "ZZ2,,,\n"
        "ZZ3,0.5,54.01,\n"
        "ZZ4,54.01,0.5\n"
        "ZZ5,54.01,0.5,\n"
        "zz5,54.02,0.5,\n",
    )

    assert rows == [
        BadRow(2, "postcode: not a postcode district such as ZZ1"),
        BadRow(3, "latitude and longitude: not a place in the United Kingdom"),
        BadRow(4, "latitude and longitude: not a place in the United Kingdom"),
        BadRow(5, "has 3 columns, the heading 4"),
        Row(6, District(id="ZZ5", latitude=54.01, longitude=0.5)),
        BadRow(7, "repeats line 6: the first one is kept"),
    ]
