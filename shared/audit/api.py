"""The audit over HTTP: searched and exported by those who answer for privacy.

Reading the audit is itself a line of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from shared.audit.journal import Journal
from shared.audit.lines import AuditLine
from shared.audit.search import Question, lines, page
from shared.audit.trail import record
from shared.cause import Actor
from shared.errors import FieldError, Invalid
from shared.policy import Role, Table, may
from shared.web import Acting, Listing, Paging

TAG = {"audit": "Who read and wrote what about whom. Lines are only ever added."}

OWN = "own organisation"
"""The asker's own organisation did it."""

ROWS: Table = {
    "GET /audit": [may((Role.TENANT_ADMIN,)), may((Role.TEAM_LEAD,), OWN)],
    "GET /audit/export": [may((Role.TENANT_ADMIN,))],
}
"""Who reads the audit."""

_Id = Query(min_length=1, max_length=200)
_COLUMNS = (
    "number", "at", "action", "outcome", "subject", "role", "organisation", "purpose",
    "request_id", "route", "records", "about", "version", "before", "after", "voids", "reason",
)  # fmt: skip
_FILES: dict[str, Any] = {
    "description": "The lines.",
    "content": {
        "application/x-ndjson": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
    },
}
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is run by a spreadsheet (OWASP, CSV injection)."""


def audit_router(journal: Journal) -> APIRouter:
    """``GET /audit`` and ``GET /audit/export``."""
    router = APIRouter(tags=["audit"])

    @router.get("/audit", response_model=Listing[AuditLine], response_model_exclude_none=True)
    async def search_audit(
        actor: Acting,
        page_asked: Paging,
        *,
        person_id: Annotated[str | None, _Id] = None,
        subject: Annotated[str | None, _Id] = None,
        from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        to: Annotated[AwareDatetime | None, Query()] = None,
    ) -> Listing[AuditLine]:
        """Search the audit.

        By person (`person_id`; the id of a case, a referral or another record does as well), by
        user (`subject`), or both; newest first. A team lead sees what people of their own
        organisation did. 422 where neither is asked for. The search itself
        becomes a line, which the next search shows.
        """
        if person_id is None and subject is None:
            reason = "say person_id or subject, or both"
            raise Invalid(
                "Whose lines are wanted?",
                errors=[
                    FieldError("/query/person_id", reason),
                    FieldError("/query/subject", reason),
                ],
            )
        after_page = None if page_asked.cursor is None else _number(page_asked.cursor)
        question = _question(actor, person_id, subject, from_, to)
        told = await _tell("audit-searched", question)
        below = told if after_page is None else after_page
        found, after = await page(journal.book, question, below=below, limit=page_asked.limit)
        return Listing(items=found, next_cursor=None if after is None else str(after))

    @router.get("/audit/export", response_class=StreamingResponse, responses={200: _FILES})
    async def export_audit(
        actor: Acting,
        *,
        format_: Annotated[
            Literal["ndjson", "csv"], Query(alias="format", description="One line each, as JSON.")
        ] = "ndjson",
        person_id: Annotated[str | None, _Id] = None,
        subject: Annotated[str | None, _Id] = None,
        from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        to: Annotated[AwareDatetime | None, Query()] = None,
    ) -> StreamingResponse:
        """Export the audit of your tenant.

        All of it, or what a search would find, newest first, as `ndjson` or `csv`. The export
        itself becomes a line.
        """
        question = _question(actor, person_id, subject, from_, to)
        told = await _tell("audit-exported", question)
        found = lines(journal.book, question, told)
        if format_ == "csv":
            return _file(_csv(found), "text/csv; charset=utf-8", "csv")
        return _file(_ndjson(found), "application/x-ndjson", "ndjson")

    return router


def _question(
    actor: Actor,
    person_id: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Question:
    own = actor.organisation if actor.role == "team_lead" else None
    return Question(actor.tenant, person_id, subject, own, since, until)


async def _tell(action: str, question: Question) -> int:
    """Write down that the audit is read; the line's number, before which all that is shown lies."""
    return await record(
        action,
        kind="audit",
        record=question.subject or "everyone",
        about=[] if question.about is None else [question.about],
        detail={
            name: None if time is None else time.isoformat()
            for name, time in (("from", question.since), ("to", question.until))
        },
    )


def _number(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > len(str(2**62)):
        raise Invalid(
            "The cursor is not one this service gave.",
            errors=(FieldError("/query/cursor", "use next_cursor of the page before"),),
        )
    return int(cursor)


def _file(content: AsyncIterator[str], media_type: str, ending: str) -> StreamingResponse:
    disposition = f'attachment; filename="audit.{ending}"'
    return StreamingResponse(
        content, media_type=media_type, headers={"Content-Disposition": disposition}
    )


async def _ndjson(found: AsyncIterator[AuditLine]) -> AsyncIterator[str]:
    async for line in found:
        yield line.model_dump_json(exclude_none=True) + "\n"


async def _csv(found: AsyncIterator[AuditLine]) -> AsyncIterator[str]:
    yield _row(_COLUMNS)
    async for line in found:
        cells = line.model_dump(mode="json")
        cells["records"] = " ".join(f"{each.kind}/{each.id}" for each in line.records)
        about = dict.fromkeys(id_ for each in line.records for id_ in each.about)
        cells["about"] = " ".join(about)
        yield _row([_cell(cells[name]) for name in _COLUMNS])


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _row(cells: tuple[str, ...] | list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
