"""Notes: one document each, so that a long story makes no referral heavy."""

from __future__ import annotations

from collections.abc import Sequence

from services.referral.domain.notes import Note
from shared.store import Index, Seals, Store


class Notes(Store[Note]):
    """What workers wrote; publishes nothing."""

    model = Note
    seals = Seals(owner="person_id", fields=("text",))
    indexes = (
        Index("by_person", (("tenant", 1), ("state.person_id", 1))),
        Index(
            "by_referral",
            (
                ("tenant", 1),
                ("state.referral_id", 1),
                ("state.organisation_id", 1),
                ("created_at", -1),
                ("_id", -1),
            ),
        ),
    )
    listed = False

    def about(self, state: Note) -> Sequence[str]:
        """The referral it is about, and whose that was."""
        return [state.referral_id, state.person_id]

    async def ids_about(self, person_ids: Sequence[str], tenant: str) -> list[str]:
        """The ids of all that are about these records of a person."""
        where = {"tenant": tenant, "state.person_id": {"$in": list(person_ids)}}
        found = await self.aggregate([{"$match": where}, {"$project": {"_id": 1}}])
        return [document["_id"] for document in found]
