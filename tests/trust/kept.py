"""What there was to see of a demo, and what must not be seen in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.console.demo.people import Person
from tests.trust.needles import Needles

FAMILY = "Zqx"
"""Before each name, so that it is no word of any other kind."""


@dataclass
class Kept:
    """What there was to see, by place; and what must not be seen in it."""

    places: defaultdict[str, bytes] = field(default_factory=lambda: defaultdict(bytes))
    people: list[Person] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    """Free texts that were sent about people."""
    at_rest: dict[str, bytes] = field(default_factory=dict)
    """The documents of the databases as they lie there, by collection."""
    letters: int = 0

    def note(self, place: str, data: bytes) -> None:
        self.places[place] += data + b"\n"

    def needles(self, people: Sequence[Person] | None = None) -> Needles:
        """Everything that was said of these people, or of anyone."""
        found = Needles()
        for person in self.people if people is None else people:
            found.add("given names", person.given_names)
            found.add("family name", person.family_name)
            found.add_number("NHS number", person.nhs_number)
            found.add_date("date of birth", person.birth_date)
            found.add_number("telephone", person.telephone)
            found.add("e-mail", person.email)
            found.add("address", address_of(person))
        for text in self.texts if people is None else ():
            found.add("free text", text)
        return found


def address_of(person: Person) -> str:
    """Where someone lives; the demo itself says no more than a postcode."""
    return f"{person.number} {FAMILY}borough Road"


def named(people: Sequence[Person]) -> list[Person]:
    """The demo's people, under names that are found in nothing else."""
    return [
        replace(
            each,
            given_names=FAMILY + each.given_names,
            family_name=f"{FAMILY}{each.family_name}",
        )
        for each in people
    ]
