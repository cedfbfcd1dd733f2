"""What someone asks of reports, and whether it is theirs to ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from services.outcomes.domain.policy import POLICY, REPORT, Is
from services.outcomes.domain.reports.cells import PAIRED, parts_of
from services.outcomes.domain.reports.subjects import SUBJECTS, By, Subject, SubjectName
from shared.cause import Actor
from shared.errors import FieldError, Invalid, NotFound
from shared.policy import TENANT

ScopeKind = Literal["tenant", "team", "practice", "provider"]

_OWN: Mapping[str, ScopeKind] = {
    Is.LEADS: "team",
    Is.PRACTICE: "practice",
    Is.PROVIDER: "provider",
}
"""Whose figures are its own, for those who are not given the whole tenant's."""
_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_LONGEST = 120


@dataclass(frozen=True)
class Scope:
    """Whose cases: the whole tenant's, or one organisation's."""

    kind: ScopeKind
    id: str = ""


@dataclass(frozen=True)
class Question:
    """A report that may be given: subject, cut, months (oldest first) and scope."""

    name: SubjectName
    by: tuple[By, ...]
    months: tuple[str, ...]
    scope: Scope

    @property
    def subject(self) -> Subject:
        """What the report is about."""
        return SUBJECTS[self.name]

    @property
    def dims(self) -> tuple[str, ...]:
        """What it is cut by besides the month."""
        return tuple(name for name in self.by if name != "month")

    @property
    def table(self) -> tuple[str, ...]:
        """Which of the tenant's cells answers it."""
        if self.name == "unmet-need":
            return ("district",)
        wanted = list(dict.fromkeys((*self.dims, "sex", "age_band")))[:2]
        return tuple(sorted(wanted, key=PAIRED.index))

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it is read in, one after the other; each line is of one of them."""
        return parts_of(self.table) if self.scope.kind == "tenant" else ("",)

    @property
    def whole(self) -> Question:
        """The same, cut by nothing: what its totals are counted from."""
        return replace(self, by=())


def ask(
    actor: Actor,
    name: str,
    by: Sequence[str],
    *,
    span: tuple[str | None, str | None],
    wanted: Mapping[str, str | None],
    now: datetime,
) -> Question:
    """The question, checked. Without months: the twelve up to this one.

    ``wanted`` may name one organisation, as ``practice``, ``team`` or ``provider``. Raises
    NotFound for a report there is not or that is not the actor's, Invalid for the rest.
    """
    if name not in get_args(SubjectName):
        raise NotFound("There is no such report.", {"reports": list(SUBJECTS)})
    subject: SubjectName = next(each for each in SUBJECTS if each == name)
    scope = _scope(actor, wanted)
    if subject == "unmet-need" and scope.kind != "tenant":
        raise NotFound("There is no such report for one organisation.")
    return Question(subject, _by(subject, by), _months(span, now), scope)


def _scope(actor: Actor, wanted: Mapping[str, str | None]) -> Scope:
    named = [(kind, id_) for kind, id_ in wanted.items() if id_]
    if len(named) > 1:
        raise _invalid("/query", "takes one of practice, team and provider")
    granted = POLICY.relations(actor, REPORT)
    if TENANT not in granted:
        own = next((kind for relation, kind in _OWN.items() if relation in granted), None)
        if own is None or (named and named[0] != (own, actor.organisation)):
            raise NotFound("There is no such report.")
        return Scope(own, actor.organisation)
    for kind in get_args(ScopeKind):
        if named and named[0][0] == kind:
            return Scope(kind, named[0][1])
    return Scope("tenant")


def _by(name: SubjectName, by: Sequence[str]) -> tuple[By, ...]:
    allowed = SUBJECTS[name].by
    found = tuple(each for asked in by for each in allowed if each == asked)
    if len(found) != len(by) or len(found) > 2 or len(set(found)) != len(found):  # noqa: PLR2004 - as the message says
        raise _invalid("/query/by", f"takes one or two of {', '.join(allowed)}")
    return found


def _months(span: tuple[str | None, str | None], now: datetime) -> tuple[str, ...]:
    first, last = span
    for pointer, month in (("/query/from", first), ("/query/to", last)):
        if month is not None and not _MONTH.fullmatch(month):
            raise _invalid(pointer, "must be a month such as 2026-03")
    end = _number(last) if last else now.year * 12 + now.month - 1
    start = _number(first) if first else end - 11
    if not 0 <= end - start < _LONGEST:
        raise _invalid("/query/from", f"must be at most {_LONGEST} months before to, not after")
    return tuple(f"{n // 12:04}-{n % 12 + 1:02}" for n in range(start, end + 1))


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The report cannot be made as asked.", errors=(FieldError(pointer, reason),))
