"""Roll-ups and the ledgers of their counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.outcomes.domain.reports import Cell, Deltas, Ledger, Question, cell_id
from shared.store import Addition, Index, Store

_QUESTION = (("tenant", 1), ("facets.space", 1), ("facets.subject", 1))


class Cells(Store[Cell]):
    """One document per cell; its id says what it counts."""

    model = Cell
    listed = False
    unaudited = "numbers of cases; who may read them is the reports' own rule"
    indexes = (
        Index("owner", (*_QUESTION, ("facets.owner", 1), ("facets.month", 1))),
        Index("practice", (*_QUESTION, ("facets.practice", 1), ("facets.month", 1))),
    )

    def facets(self, state: Cell) -> Mapping[str, Any]:
        """What cells are found by."""
        return {
            "space": state.space,
            "subject": state.subject,
            "month": state.month,
            "owner": state.owner,
            "practice": state.practice,
        }

    async def answering(self, tenant: str, question: Question, part: str = "") -> Sequence[Cell]:
        """The cells that answer a question, or this part of it."""
        if question.scope.kind == "tenant":
            ids = [
                cell_id(
                    Cell(
                        tenant=tenant,
                        space="tenant",
                        subject=question.name,
                        month=month,
                        owner=part,
                        practice="",
                        dims=question.table,
                    )
                )
                for month in question.months
            ]
            return [saved.state for saved in (await self.get_many(ids, tenant)).values()]
        space = "provider" if question.scope.kind == "provider" else "team"
        field = "practice" if question.scope.kind == "practice" else "owner"
        where = {
            "tenant": tenant,
            "facets.space": space,
            "facets.subject": question.name,
            f"facets.{field}": question.scope.id,
            "facets.month": {"$gte": question.months[0], "$lte": question.months[-1]},
        }
        found = await self.aggregate([{"$match": where}, {"$project": {"state": 1}}])
        return [Cell.model_validate(document["state"]) for document in found]

    async def add_batch(self, deltas: Deltas, number: int, at: datetime) -> frozenset[str]:
        """Add a batch's counts to each cell that has it not yet; the ids of cells not there.

        A row that comes to nought stays, as nought.
        """
        return await self.add(
            [
                Addition(id_, "batch", number, {f"rows.{row}": by for row, by in rows.items()}, at)
                for id_, rows in deltas.items()
            ]
        )

    async def ids(self, tenant: str) -> Sequence[str]:
        """The ids of all the tenant's cells."""
        found = await self.aggregate([{"$match": {"tenant": tenant}}, {"$project": {"_id": 1}}])
        return [document["_id"] for document in found]


class Ledgers(Store[Ledger]):
    """One document per tenant, whose id it has."""

    model = Ledger
    listed = False
    unaudited = "differences between numbers, on their way to be counted; no request reads it"

    def due(self, state: Ledger) -> datetime | None:
        """From when a recount is ordered, until it is done."""
        order = state.recount
        return order.asked_at if order is not None and order.done_at is None else None

    async def tenants(self) -> Sequence[str]:
        """The tenants whose cases were ever counted."""
        found = await self.aggregate([{"$project": {"_id": 1}}])
        return [document["_id"] for document in found]
