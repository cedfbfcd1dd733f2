"""Made-up cases for the tests of reports, and ways to count and ask about them."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.outcomes.consumers.reports import consumer
from services.outcomes.domain.reports import (
    Cell,
    Contribution,
    Counts,
    Line,
    Place,
    Question,
    Table,
    add,
    add_up,
    ask,
    count,
    empty_cell,
    lines_of,
    read_place,
    totals_of,
    write_place,
)
from services.outcomes.handlers.counting import count_due
from services.outcomes.store import Stores
from shared.cause import Actor
from shared.events import CaseProfiled, Event, OrganisationChanged
from shared.events.base import EventActor
from tests.outcomes.examples import CASE, NOON, PRACTICE, TEAM, TENANT, heard, referral_fact

REPORTER = Actor("reporter-1", "reporter", "icb", TENANT)
NOW = datetime(2026, 6, 15, tzinfo=UTC)
SECRET = "a secret of the tests"

_numbers = itertools.count()


async def tell(stores: Stores, *events: Event) -> None:
    """Each event through the reports' own consumer, as Kafka would bring it."""
    for event in events:
        cause = heard(f"report-event-{next(_numbers)}", tenant=event.tenant)
        await consumer.listening[event.type].handler(event, cause, stores)


async def counted(stores: Stores) -> None:
    """Everything that waits is counted; what a dead process had claimed is free again."""
    later = NOW + timedelta(minutes=next(_numbers))
    while await count_due(stores, later):
        pass


def profiled(seq: int = 2, *, case: str = CASE, **said: Any) -> CaseProfiled:
    groups: dict[str, Any] = {"age_band": "65-74", "sex": "female", "ethnic_group": "white"}
    groups |= {"deprivation_decile": 2, "case_id": case}
    return referral_fact(CaseProfiled, seq, **(groups | said | {"referral_id": case}))


def belongs(part_of: str | None, seq: int, *, days: float) -> OrganisationChanged:
    """The practice is part of a network, from so many days after the case was opened."""
    return OrganisationChanged(
        tenant=TENANT,
        seq=seq,
        occurred_at=NOON + timedelta(days=days),
        actor=EventActor(role="directory_curator", organisation="icb"),
        organisation_id=PRACTICE,
        kind="practice",
        status="active",
        part_of=part_of,
    )


def a_contribution(month: str = "2026-03", *, provider: str = TEAM, **dims: str) -> Contribution:
    """One intake of a case in these groups."""
    base = {"team": TEAM, "practice": PRACTICE, "pcn": "pcn-1", "age_band": "65-74"}
    base |= {"sex": "female", "ethnic_group": "white", "deprivation_decile": "2"}
    figures = {f"referrals|{provider}|all|made": 1, f"referrals|{provider}|all|intake": 1}
    return Contribution(month=month, dims=base | dims, figures=figures)


def cells_from(contributions: Iterable[Contribution]) -> Sequence[Cell]:
    deltas = add_up(TENANT, [(each, 1) for each in contributions])
    return [add(empty_cell(id_), rows, 1) for id_, rows in deltas.items()]


def question(
    name: str = "referrals",
    *by: str,
    months: tuple[str, str] = ("2026-01", "2026-06"),
    actor: Actor = REPORTER,
    own: Mapping[str, str] | None = None,
) -> Question:
    return ask(actor, name, by, span=months, wanted=own or {}, now=NOW)


def answer(asked: Question, cells: Sequence[Cell], secret: str = SECRET) -> Table:
    counts = count(asked, list(answering(asked, cells)))
    totals = totals_of(asked, counts, secret)
    return Table(lines_of(asked, counts, secret, totals)[0], totals)


def paged(asked: Question, cells: Sequence[Cell], most: int, secret: str = SECRET) -> Table:
    """The same, as someone gets it who asks for so many lines at a time and turns every page."""
    totals = totals_of(asked, count(asked.whole, list(answering(asked.whole, cells))), secret)
    counts: dict[str, Counts] = {}
    for part in asked.parts:
        own = [each for each in answering(asked, cells) if part in {"", each.owner}]
        counts[part] = count(asked, own) if own else {}
    lines: list[Line] = []
    cursor: str | None = None
    while True:
        place = read_place(asked, cursor)
        found, last = lines_of(
            asked, counts[asked.parts[place.part]], secret, totals, after=place.after, most=most
        )
        lines += found
        following = Place(place.part, last) if last else Place(place.part + 1)
        if following.part == len(asked.parts):
            return Table(tuple(lines), totals)
        cursor = write_place(following)


def answering(asked: Question, cells: Iterable[Cell]) -> Iterable[Cell]:
    """Those of the cells that the store would read."""
    scope = asked.scope
    for cell in cells:
        if cell.subject != asked.name or cell.month not in asked.months:
            continue
        ours: Mapping[str, bool] = {
            "tenant": cell.space == "tenant" and cell.dims == asked.table,
            "team": cell.space == "team" and cell.owner == scope.id,
            "practice": cell.space == "team" and cell.practice == scope.id,
            "provider": cell.space == "provider" and cell.owner == scope.id,
        }
        if ours[scope.kind]:
            yield cell
