from collections.abc import Sequence

import pytest

from services.console.importing.directory import DryRun, Fault, Outcome, Refused, Result
from services.console.importing.loader import Tally, load
from services.console.importing.records import (
    Address,
    BadRow,
    District,
    Location,
    Organisation,
    OrganizationRef,
    Record,
    Row,
    Service,
)


class Notebook:
    """A directory that writes down what it is sent."""

    def __init__(self, outcome: Outcome = "created") -> None:
        self.sent: list[tuple[str, list[str]]] = []
        self._outcome: Outcome = outcome

    def put(self, path: str, records: Sequence[Record]) -> Sequence[Result]:
        self.sent.append((path, [record.id for record in records]))
        return [Result(outcome=self._outcome) for _ in records]


def district(number: int) -> Row:
    return Row(number, District(id=f"ZZ{number}", latitude=54.0, longitude=0.5))


def service(line: int, postcode: str | None = "ZZ1 1AA", provider: str = "org-1") -> Row:
    ref = OrganizationRef(id=provider, name="The Loft")
    return Row(
        line,
        Service(
            id=f"svc-{line}",
            name="Clay",
            organization=ref,
            locations=(Location(postal_code=postcode),),
        ),
        provider=Organisation(id=provider, name="The Loft", kind="provider"),
    )


def practice(line: int, postcode: str | None) -> Row:
    address = Address(postal_code=postcode)
    return Row(line, Organisation(id=f"Y{line}", name="S", kind="practice", address=address))


def test_records_go_in_batches_of_500() -> None:
    notebook, tally = Notebook(), Tally()

    load([district(number) for number in range(1, 1002)], notebook, tally)

    assert [(path, len(ids)) for path, ids in notebook.sent] == [
        ("/districts", 500),
        ("/districts", 500),
        ("/districts", 1),
    ]
    assert tally.outcomes["/districts"] == {"created": 1001}


def test_a_provider_is_sent_once_and_before_its_services() -> None:
    notebook, tally = Notebook(), Tally()

    load([service(2), service(3), service(4, provider="org-2")], notebook, tally)

    assert notebook.sent == [
        ("/organisations", ["org-1", "org-2"]),
        ("/services", ["svc-2", "svc-3", "svc-4"]),
    ]


def test_networks_and_boards_are_sent_whatever_their_postcode() -> None:
    notebook, tally = Notebook(), Tally()
    network = Organisation(id="U1", name="A network", kind="primary_care_network", part_of="B1")
    board = Organisation(
        id="B1",
        name="A board",
        kind="integrated_care_board",
        address=Address(postal_code="Z9 1AA"),
    )

    load([Row(1, board), Row(2, network), practice(3, None)], notebook, tally, areas={"ZZ"})

    assert notebook.sent == [("/organisations", ["B1", "U1"])]
    assert tally.outside == 1


def test_of_other_postcode_areas_nothing_else_is_sent_but_districts() -> None:
    notebook, tally = Notebook(), Tally()

    load(
        [
            district(1),
            Row(2, District(id="Z9", latitude=54.0, longitude=0.5)),
            practice(3, "ZZ1 1AA"),
            practice(4, "Z9 1AA"),
            practice(5, None),
            service(6, "Z9 1AA", "org-6"),
            service(7, None, "org-7"),
            service(8, "ZZ2 1AA", "org-8"),
        ],
        notebook,
        tally,
        areas={"ZZ"},
    )

    assert sorted(notebook.sent) == [
        ("/districts", ["ZZ1", "Z9"]),
        ("/organisations", ["Y3", "org-8"]),
        ("/services", ["svc-8"]),
    ]
    assert tally.outside == 4


def test_what_the_directory_refuses_is_a_bad_row_with_its_line() -> None:
    class Strict(Notebook):
        def put(self, path: str, records: Sequence[Record]) -> Sequence[Result]:
            del path
            fault = Fault(pointer="/name", reason="must be shorter")
            good = [Result(outcome="unchanged") for _ in records[1:]]
            return [Result(outcome="invalid", errors=(fault,)), *good]

    tally = Tally()

    load([BadRow(2, "name: missing"), district(3), district(4)], Strict(), tally)

    assert tally.bad == [
        BadRow(2, "name: missing"),
        BadRow(3, "refused: /name: must be shorter"),
    ]
    assert tally.outcomes["/districts"] == {"invalid": 1, "unchanged": 1}


def test_what_was_left_out_is_counted_with_its_lines() -> None:
    tally = Tally()
    noted = [Row(line, district(line).record, ("no postcode",)) for line in (3, 5)]

    load([district(1), *noted], Notebook(), tally)

    assert tally.notes == {"no postcode": [3, 5]}


def test_what_was_loaded_before_a_refusal_stays_counted() -> None:
    class Closing(Notebook):
        def put(self, path: str, records: Sequence[Record]) -> Sequence[Result]:
            if self.sent:
                raise Refused("The directory has gone home.")
            return super().put(path, records)

    tally = Tally()

    with pytest.raises(Refused, match="gone home"):
        load([district(number) for number in range(1, 502)], Closing(), tally)

    assert tally.outcomes["/districts"] == {"created": 500}


def test_a_dry_run_checks_and_sends_nothing() -> None:
    tally = Tally()

    load([district(1), district(2)], DryRun(), tally)

    assert tally.outcomes["/districts"] == {"checked": 2}
