"""What was looked for and not found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from services.directory.domain import By, UnmetNeed
from shared.store import Index, Store

_PATHS: Mapping[By, str] = {
    "need": "$facets.needs",
    "area": "$facets.district",
    "month": "$facets.month",
    "reason": "$facets.reason",
}


class UnmetNeeds(Store[UnmetNeed]):
    """One record for each note of a link worker's, and for each onward referral.

    Only those whose need was not met have facets and are in the index.
    """

    model = UnmetNeed
    key_at = ""
    source: ClassVar[str] = "/linkway/directory"
    listed: ClassVar[bool] = False
    unaudited: ClassVar[str] = "needs that were not met, read as numbers; no person is known here"
    indexes: ClassVar[Sequence[Index]] = (
        Index(
            "by_month",
            (("tenant", 1), ("facets.month", 1)),
            where={"facets.month": {"$exists": True}},
        ),
    )

    def facets(self, state: UnmetNeed) -> Mapping[str, Any]:
        """What they are counted by."""
        if not state.counts:
            return {}
        return {
            "month": state.month,
            "needs": list(state.need_codes),
            "district": state.district,
            "reason": state.reason_code,
        }

    async def counts(
        self, tenant: str, by: Sequence[By], first: str, last: str
    ) -> dict[tuple[str | None, ...], int]:
        """How many there are by these values, from one month to another, both included."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"tenant": tenant, "facets.month": {"$gte": first, "$lte": last}}},
            {"$unwind": "$facets.needs"},
            {"$group": {"_id": {each: _PATHS[each] for each in by}, "count": {"$sum": 1}}},
        ]
        counted = await self.aggregate(pipeline)
        return {tuple(line["_id"].get(each) for each in by): line["count"] for line in counted}
