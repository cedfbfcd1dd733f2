"""The instruments organisations installed, every version of each."""

from __future__ import annotations

from services.outcomes.domain import InstalledInstrument
from shared.ids import derived_id
from shared.store import Index, Page, Store


class Instruments(Store[InstalledInstrument]):
    """One document per version of an instrument in a tenant; it never changes."""

    model = InstalledInstrument
    unaudited = "questionnaires, without anyone's answers"
    indexes = (
        Index(
            "versions",
            (("tenant", 1), ("state.instrument.id", 1), ("created_at", -1), ("_id", -1)),
        ),
    )

    @staticmethod
    def id_of(tenant: str, instrument_id: str, version: str) -> str:
        """The id of a version's document: the same version is there once."""
        return derived_id("instrument", tenant, instrument_id, version)

    async def newest(self, instrument_id: str, tenant: str) -> InstalledInstrument | None:
        """The version installed last."""
        where = {"state.instrument.id": instrument_id}
        page = await self.find(tenant, where, limit=1)
        return page.items[0].state if page.items else None

    async def all(
        self, tenant: str, *, limit: int, cursor: str | None
    ) -> Page[InstalledInstrument]:
        """What is installed, the newest first."""
        return await self.find(tenant, limit=limit, cursor=cursor)
