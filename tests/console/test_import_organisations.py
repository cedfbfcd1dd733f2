import json
from pathlib import Path

from services.console.importing import sources
from services.console.importing.records import Address, BadRow, Organisation, Row

NETWORK = {"id": "U90001", "name": "Ham Network", "kind": "primary_care_network", "part_of": "ZZ0"}


def test_networks_are_read_and_a_wrong_word_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "organisations.json"
    path.write_text(
        json.dumps([NETWORK, {**NETWORK, "kind": "club"}, {**NETWORK, "id": "U2", "boss": "x"}])
    )
    known = sources.recognise(path)
    assert known
    good, kind, word = known.read(path)

    assert known.name == "organisations"
    assert good == Row(
        1,
        Organisation(id="U90001", name="Ham Network", kind="primary_care_network", part_of="ZZ0"),
    )
    assert isinstance(kind, BadRow)
    assert kind.reason.startswith("kind: Input should be 'practice'")
    assert word == BadRow(1, "boss: Extra inputs are not permitted")


def test_a_postcode_is_put_right_or_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "organisations.json"
    place = [{**NETWORK, "address": {"postal_code": "zz11aa"}}]
    place.append({**NETWORK, "id": "U90002", "address": {"postal_code": "nowhere"}})
    path.write_text(json.dumps(place))
    known = sources.recognise(path)
    assert known
    rows = [row for row in known.read(path) if isinstance(row, Row)]

    assert [row.record.address for row in rows if isinstance(row.record, Organisation)] == [
        Address(postal_code="ZZ1 1AA"),
        Address(),
    ]
    assert [row.notes for row in rows] == [(), ("postal_code left out: not a UK postcode",)]
