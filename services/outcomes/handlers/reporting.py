"""Hearing facts for reports, and answering what reports are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.outcomes.domain import reports
from services.outcomes.domain.change import changes_since_baseline
from services.outcomes.domain.reports import (
    Case,
    Counts,
    Key,
    Line,
    Place,
    Question,
    Table,
    Tree,
    count,
    lines_of,
    note_organisation,
    note_wellbeing,
    opens_case,
    totals_of,
)
from services.outcomes.store import Stores
from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.events import MeasureRecorded, OrganisationChanged, ReferralEvent
from shared.ids import derived_id
from shared.store import Change, Saved

_MOST_ROWS = 400_000
"""Rows of cells that one answer adds up, at about a microsecond each."""


@dataclass(frozen=True)
class Report:
    """A table, or a page of one, with what it rests on.

    ``is_current`` while no case waits to be counted.
    """

    question: Question
    table: Table
    counted_at: datetime | None
    is_current: bool
    next: Place | None = None
    """Where the next page begins; None on the last."""


async def note(
    stores: Stores, case_id: str, change: Callable[[Case], Case], cause: Cause
) -> Saved[Case]:
    """Apply a fact to a case, whichever fact of it comes first."""
    blank = Case(tenant=cause.actor.tenant, case_id=case_id, changed_at=cause.at)
    changed = _stamped(change, cause)
    return await stores.cases.update(case_id, changed, cause, remember=False, blank=blank)


async def note_referral(stores: Stores, event: ReferralEvent, cause: Cause) -> Saved[Case]:
    """Where a referral of the case stands; an intake that was made opens the case."""
    saved = await note(
        stores, event.case_id, lambda case: reports.note_referral(case, event), cause
    )
    # Placed again where it is heard again: the first time may have ended in between.
    return await _place(stores, saved, cause) if opens_case(event) else saved


def _stamped(change: Callable[[Case], Case], cause: Cause) -> Change[Case]:
    def stamped(case: Case) -> tuple[Case, tuple[()]]:
        changed = case if case.erased else change(case)
        return (case if changed == case else _stamp(changed, cause)), ()

    return stamped


async def note_measure(stores: Stores, event: MeasureRecorded, cause: Cause) -> Saved[Case]:
    """Which way wellbeing went, read from the plan: the fact itself holds no scores."""
    plan = await stores.plans.get(event.case_id, event.tenant)
    comparisons = changes_since_baseline(plan.state.measures)
    return await note(
        stores,
        event.case_id,
        lambda case: note_wellbeing(case, comparisons, plan.version),
        cause,
    )


async def note_belonging(stores: Stores, event: OrganisationChanged, cause: Cause) -> Saved[Tree]:
    """An organisation's place, and with it that of the cases it referred in."""
    id_ = _tree_id(event.tenant, event.organisation_id)
    saved = await stores.trees.update(
        id_,
        lambda tree: (note_organisation(tree, event), ()),
        cause,
        remember=False,
        blank=Tree(tenant=event.tenant, organisation_id=event.organisation_id),
    )
    # Cases stored before the tree are found here; those stored after it find the tree.
    async for case in stores.cases.of_practice(event.tenant, event.organisation_id):
        await _place(stores, case, cause, tree=saved.state)
    return saved


async def report(
    stores: Stores, actor: Actor, question: Question, *, begin: Place, most: int
) -> Report:
    """A page of the answer to a question that ``domain.reports.ask`` has checked.

    It reads part after part until it has ``most`` lines, or the next might be too much work:
    so an answer costs about the same however many organisations there are.
    """
    is_current = not await stores.cases.uncounted(actor.tenant)
    try:
        ledger = (await stores.ledgers.get(actor.tenant, actor.tenant)).state
    except NotFound:
        return Report(question, Table((), ()), None, is_current=is_current)
    secret = ledger.secret

    # What takes processor time runs beside the loop: others are answered meanwhile.
    async def counted(asked: Question, part: str) -> tuple[Counts, int]:
        cells = await stores.cells.answering(actor.tenant, asked, part)
        rows = sum(len(cell.rows) for cell in cells)
        return await asyncio.to_thread(count, asked, cells), rows

    whole, _ = await counted(question.whole, question.whole.parts[0])
    totals = totals_of(question, whole, secret)
    lines: list[Line] = []
    place: Place | None = begin
    read = 0
    while place is not None and question.by:
        counts, rows = await counted(question, question.parts[place.part])
        found, last = await asyncio.to_thread(
            lines_of, question, counts, secret, totals, after=place.after, most=most - len(lines)
        )
        lines += found
        read += rows
        following = Place(place.part + 1) if place.part + 1 < len(question.parts) else None
        place = following if last is None else Place(place.part, last)
        if len(lines) >= most or read + rows > _MOST_ROWS:
            break
    table = Table(tuple(sorted(lines, key=_order)), totals)
    is_current = is_current and ledger.batch is None
    return Report(
        question, table, ledger.counted_at, is_current, next=place if question.by else None
    )


def _order(line: Line) -> Key:
    return line.values, line.category or ""


async def _place(
    stores: Stores, saved: Saved[Case], cause: Cause, *, tree: Tree | None = None
) -> Saved[Case]:
    """Put a case under the network its practice was part of when the case was opened."""
    opening = saved.state.opening
    if opening is None:
        return saved
    if tree is None:
        id_ = _tree_id(saved.state.tenant, opening.source_organisation_id)
        found = await stores.trees.get_many([id_], saved.state.tenant)
        if id_ not in found:
            return saved
        tree = found[id_].state
    pcn = tree.part_of_at(opening.at)
    if pcn == saved.state.pcn:
        return saved
    # Under a cause of its own: under the one that made the case it would count as a repeat.
    own = replace(cause, id=derived_id(cause.id, "place"))
    await stores.cases.update(
        saved.id,
        lambda case: (_stamp(case.model_copy(update={"pcn": pcn}), cause), ()),
        own,
        remember=False,
    )
    return saved


def _stamp(case: Case, cause: Cause) -> Case:
    return case.model_copy(update={"changed_at": cause.at})


def _tree_id(tenant: str, organisation_id: str) -> str:
    return f"{tenant}:{organisation_id}"
