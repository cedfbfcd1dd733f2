"""Persons: one document each, the only place that knows who someone is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.referral.domain.matching import match_key
from services.referral.domain.person import Person
from services.referral.store.referrals import SOURCE
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import Event
from shared.store import ERASED, Collection, DataKeys, Index, Page, Saved, Seals, Store

NHS_NUMBER = "nhs_number_mark"

_LONGEST_WAY = 8
"""Merges of merges that are followed; nobody is found to be nine records."""
_MOST_CANDIDATES = 20


class Persons(Store[Person]):
    """One document per person: the only place that knows who someone is.

    Everything that identifies them is sealed under their own key, and looked up by marks
    that say nothing without the index key.
    """

    model = Person
    source = SOURCE
    listed = False
    seals = Seals(
        owner="id",
        fields=(
            "nhs_number",
            "given_names",
            "family_name",
            "birth_date",
            "contact",
            "language",
            "communication_needs",
            "accessibility_needs",
            "representative",
            "statistics",
            "moved",
            "deceased",
            "restriction",
            "consents",
            "merges",
        ),
    )
    indexes = (
        Index(
            NHS_NUMBER,
            (("tenant", 1), ("facets.nhs_number", 1)),
            unique=True,
            where={"facets.nhs_number": {"$exists": True}},
        ),
        Index(
            "match_newest",
            (("tenant", 1), ("facets.match", 1), ("created_at", -1), ("_id", -1)),
        ),
        Index(
            "possible_duplicates",
            (("tenant", 1), ("created_at", -1), ("_id", -1)),
            where={"facets.possible_duplicate": True},
        ),
    )

    def __init__(self, collection: Collection, keys: DataKeys) -> None:
        super().__init__(collection, keys)
        self._own_keys = keys

    async def insert(
        self, record_id: str, state: Person, events: Sequence[Event], cause: Cause
    ) -> Saved[Person]:
        """As ever; the key is made first, so that the keys of many go in one trip of their own."""
        await self._own_keys.make(record_id, state.tenant)
        return await super().insert(record_id, state, events, cause)

    def about(self, state: Person) -> Sequence[str]:
        """The person; of a record that was merged, the one it stands for too."""
        return [state.id, *([state.merged_into] if state.merged_into else ())]

    def facets(self, state: Person) -> Mapping[str, Any]:
        """The mark of the number that must be unique, and the one duplicates are found by.

        An alias holds nothing of its own: its number is the survivor's, nobody matches it.
        """
        own = state.merged_into is None
        return {
            "nhs_number": self._number_mark(state.nhs_number, state.tenant)
            if own and state.nhs_number
            else None,
            "match": self._match_mark(state) if own else None,
            "possible_duplicate": True if own and state.candidates else None,
        }

    async def with_nhs_number(self, nhs_number: str, tenant: str) -> Saved[Person]:
        """The person with this NHS number. Raises NotFound without one."""
        mark = self._number_mark(nhs_number, tenant)
        page = await self.find(tenant, {"facets.nhs_number": mark}, limit=1)
        if not page.items:
            raise NotFound("There is no person with this NHS number.")
        return page.items[0]

    async def alike(self, person: Person) -> Sequence[Saved[Person]]:
        """Other records with the same names, date of birth and postcode."""
        mark = self._match_mark(person)
        return await self.having(
            person.tenant, "facets.match", mark, limit=_MOST_CANDIDATES + 1, but=person.id
        )

    async def possible_duplicates(
        self, tenant: str, *, limit: int, cursor: str | None
    ) -> Page[Person]:
        """Records that someone should compare with others, newest first."""
        return await self.find(
            tenant, {"facets.possible_duplicate": True}, limit=limit, cursor=cursor
        )

    async def standing_for_themselves(
        self, tenant: str, *, after: str | None, limit: int
    ) -> tuple[list[Saved[Person]], str | None]:
        """Persons whose record is no alias and was not erased, by id, behind ``after``.

        With the id to go on from, if there may be more.
        """
        beyond = {} if after is None else {"_id": {"$gt": after}}
        found = await self.aggregate(
            [
                {"$match": {**beyond, "tenant": tenant, "facets.match": {"$exists": True}}},
                {"$sort": {"_id": 1}},
                {"$limit": limit},
            ]
        )
        persons = [self.read_document(each) for each in found if ERASED not in each]
        return persons, found[-1]["_id"] if len(found) == limit else None

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

    def _number_mark(self, nhs_number: str, tenant: str) -> str:
        return self._own_keys.index.mark("nhs-number", tenant, nhs_number)

    def _match_mark(self, person: Person) -> str:
        return self._own_keys.index.mark("person-match", person.tenant, match_key(person))
