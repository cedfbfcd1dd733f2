"""Persons: one document each, the only place that knows who someone is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.referral.domain.matching import match_key
from services.referral.domain.person import Person
from services.referral.store.referrals import SOURCE
from shared.errors import NotFound
from shared.store import Index, Page, Saved, Store

NHS_NUMBER = "nhs_number"

_LONGEST_WAY = 8
"""Merges of merges that are followed; nobody is found to be nine records."""
_MOST_CANDIDATES = 20


class Persons(Store[Person]):
    """One document per person: the only place that knows who someone is."""

    model = Person
    source = SOURCE
    listed = False
    indexes = (
        Index(
            NHS_NUMBER,
            (("tenant", 1), ("state.nhs_number", 1)),
            unique=True,
            where={"facets.has_nhs_number": True},
        ),
        Index("match", (("tenant", 1), ("facets.match_key", 1))),
        Index(
            "possible_duplicates",
            (("tenant", 1), ("created_at", -1), ("_id", -1)),
            where={"facets.possible_duplicate": True},
        ),
    )

    def about(self, state: Person) -> Sequence[str]:
        """The person; of a record that was merged, the one it stands for too."""
        return [state.id, *([state.merged_into] if state.merged_into else ())]

    def facets(self, state: Person) -> Mapping[str, Any]:
        """Whether there is a number that must be unique, and what duplicates are found by.

        An alias holds nothing of its own: its number is the survivor's, nobody matches it.
        """
        own = state.merged_into is None
        return {
            "has_nhs_number": True if own and state.nhs_number else None,
            "match_key": match_key(state) if own else None,
            "possible_duplicate": True if own and state.candidates else None,
        }

    async def with_nhs_number(self, nhs_number: str, tenant: str) -> Saved[Person]:
        """The person with this NHS number. Raises NotFound without one."""
        page = await self.find(
            tenant, {"state.nhs_number": nhs_number, "facets.has_nhs_number": True}, limit=1
        )
        if not page.items:
            raise NotFound("There is no person with this NHS number.")
        return page.items[0]

    async def alike(self, person: Person) -> Sequence[Saved[Person]]:
        """Other records with the same names, date of birth and postcode."""
        page = await self.find(
            person.tenant, {"facets.match_key": match_key(person)}, limit=_MOST_CANDIDATES
        )
        return [each for each in page.items if each.id != person.id]

    async def possible_duplicates(
        self, tenant: str, *, limit: int, cursor: str | None
    ) -> Page[Person]:
        """Records that someone should compare with others, newest first."""
        return await self.find(
            tenant, {"facets.possible_duplicate": True}, limit=limit, cursor=cursor
        )

    async def way(self, person_id: str, tenant: str) -> Sequence[Saved[Person]]:
        """From this record to the person it stands for, alias by alias. Raises NotFound."""
        saved = await self.get(person_id, tenant)
        found = [saved]
        while saved.state.merged_into is not None and len(found) < _LONGEST_WAY:
            saved = await self.get(saved.state.merged_into, tenant)
            found.append(saved)
        return found

    async def resolve(self, person_id: str, tenant: str) -> Saved[Person]:
        """The person, whichever of their records is asked for. Raises NotFound."""
        return (await self.way(person_id, tenant))[-1]

    async def ids_of(self, person: Person) -> Sequence[str]:
        """The person's id and those of all records merged into it."""
        found = [person.id]
        unread = [person]
        while unread:
            merged = [
                each.retired_id
                for known in unread
                for each in known.merges
                if each.undone_at is None and each.retired_id not in found
            ]
            found += dict.fromkeys(merged)
            known = await self.get_many(merged, person.tenant) if merged else {}
            unread = [each.state for each in known.values()]
        return found
