"""Reports over HTTP, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.outcomes.api.answers import Kept
from services.outcomes.domain.reports import (
    CAVEATS,
    Line,
    ask,
    read_place,
    write_place,
)
from services.outcomes.handlers.reporting import Report, report
from shared.web import Acting, Present

router = APIRouter(tags=["reports"])

SUPPRESSED = "[c]"
"""How a table says that a number is confidential (the harmonised symbol of UK statistics)."""


class LineView(BaseModel):
    """One line. A figure that is null is below 5, or too few to give: it is not shown."""

    by: dict[str, str]
    category: str | None
    figures: dict[str, int | None]


class ReportView(BaseModel):
    """A report: what it counts, of whom, as of when, and what to bear in mind.

    A page of it where there is a ``next_cursor``; its lines are in order within the page.
    """

    model_config = ConfigDict(populate_by_name=True)

    subject: str
    title: str
    counts: str
    scope: dict[str, str]
    by: list[str]
    category: str | None
    months: list[str]
    as_of: AwareDatetime | None
    is_current: bool
    lines: list[LineView]
    totals: list[LineView]
    caveats: list[str]
    next_cursor: str | None = None

    @classmethod
    def of(cls, found: Report) -> ReportView:
        """What the handler found, as it is answered."""
        question, subject = found.question, found.question.subject
        return cls(
            subject=question.name,
            title=subject.title,
            counts=subject.counts,
            scope={"kind": question.scope.kind, "id": question.scope.id},
            by=list(question.by),
            category=subject.category,
            months=[question.months[0], question.months[-1]],
            as_of=found.counted_at,
            is_current=found.is_current,
            lines=[_view(question.by, line) for line in found.table.lines],
            totals=[_view((), line) for line in found.table.totals],
            caveats=[*subject.caveats, *CAVEATS],
            next_cursor=None if found.next is None else write_place(found.next),
        )


@router.get(
    "/reports/{subject}",
    response_model=ReportView,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def read_report(  # noqa: PLR0917 - FastAPI passes each by name
    subject: str,
    request: Request,
    actor: Acting,
    stores: Kept,
    now: Present,
    by: Annotated[
        list[str] | None,
        Query(description="One or two to cut by, repeated or with a comma.", examples=["age_band"]),
    ] = None,
    from_: Annotated[str | None, Query(alias="from", examples=["2026-01"])] = None,
    to: Annotated[str | None, Query(examples=["2026-03"])] = None,
    practice: Annotated[str | None, Query(max_length=200)] = None,
    team: Annotated[str | None, Query(max_length=200)] = None,
    provider: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=5000, description="How many lines at most.")] = 2000,
    cursor: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=2048,
            description="`next_cursor` of the page before; without it the first page.",
        ),
    ] = None,
    format: Annotated[Literal["json", "csv"] | None, Query()] = None,  # noqa: A002 - the parameter's public name
) -> Response | ReportView:
    """Read a report.

    Numbers of referrals, needs, waits, attendance and outcomes, safe to publish. Subjects:
    referrals, source, need, outcome, wait, decline-reason, attendance, goal-achievement,
    wellbeing-change, unmet-need. ``by``: practice, pcn, provider, month, age_band, sex,
    ethnic_group, deprivation_decile (unmet-need: month, district). A reporter sees the whole tenant
    or one organisation; a practice, a team lead and a provider their own. ``Accept: text/csv`` or
    ``format=csv`` gives a table. A wide table comes in pages: go on while there is a `next_cursor`
    (CSV: while a `Link` header leads to the next; totals stand on the last page). 404: no such
    report, or not yours. 422: what ``by``, ``from`` or ``to`` may be.
    """
    cut = [each for given in by or () for each in given.split(",")]
    wanted = {"practice": practice, "team": team, "provider": provider}
    question = ask(actor, subject, cut, span=(from_, to), wanted=wanted, now=now)
    begin = read_place(question, cursor)
    view = ReportView.of(await report(stores, actor, question, begin=begin, most=limit))
    wants_csv = format == "csv" or (
        format is None and "text/csv" in request.headers.get("accept", "")
    )
    if not wants_csv:
        return view
    headers = {"content-disposition": f'attachment; filename="{view.subject}.csv"'}
    if view.next_cursor is not None:
        following = request.url.include_query_params(cursor=view.next_cursor)
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    return Response(as_csv(view), media_type="text/csv", headers=headers)


def as_csv(view: ReportView) -> str:
    """The report as CSV: remarks first, each behind ``#``, then heading, lines and totals."""
    text = io.StringIO()
    scope = " ".join(view.scope.values()).strip()
    as_of = view.as_of.isoformat() if view.as_of else "never"
    remarks = [f"{view.title}: {view.counts}", f"{scope}, {view.months[0]} to {view.months[1]}"]
    remarks += [f"As of {as_of}", *view.caveats, f"{SUPPRESSED} is a number that is not shown."]
    text.writelines(f"# {remark}\r\n" for remark in remarks)
    writer = csv.writer(text)
    lines = [*view.lines, *(view.totals if view.next_cursor is None else ())]
    measures = list(lines[0].figures) if lines else []
    category = [view.category] if view.category else []
    writer.writerow([*view.by, *category, *measures])
    for line in lines:
        values = [line.by.get(name, "total") for name in view.by]
        codes = [line.category or ""] if category else []
        shown = [SUPPRESSED if each is None else each for each in line.figures.values()]
        writer.writerow([*map(_harmless, [*values, *codes]), *shown])
    return text.getvalue()


def _harmless(text: str) -> str:
    """A spreadsheet must not take an organisation's id for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _view(by: Sequence[str], line: Line) -> LineView:
    return LineView(
        by=dict(zip(by, line.values, strict=False)),
        category=line.category,
        figures=dict(line.figures),
    )
