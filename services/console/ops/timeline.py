"""Four services' answers about one thing as one timeline, and where it has gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

UNDER_WAY = timedelta(seconds=5)
"""What is younger than this is on its way, and no gap."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, or, where ``is_gap``, one that should have and did not."""

    at: datetime
    service: str
    what: str
    detail: str = ""
    is_gap: bool = False
    event_id: str | None = None


def timeline(answers: Mapping[str, Any], *, now: datetime) -> list[Line]:
    """All lines in the order of their times; ``answers`` are traces by service."""
    published = {
        each["event_id"]: each for answer in answers.values() for each in answer["published"]
    }
    known_as = _event_types(answers)
    lines: list[Line] = []
    for service, answer in answers.items():
        for record in answer["records"]:
            lines += _of_record(service, record, known_as, now)
            lines += _not_on_topic(service, answer, record, published, now)
        lines += [_of_publishing(service, each) for each in answer["published"]]
        lines += _of_groups(service, answer, published.values(), now)
        lines += [_of_dead_letter(service, each) for each in answer["dead_letters"]]
    return sorted(lines, key=lambda line: (line.at, _rank(line)))


def gaps(lines: Iterable[Line]) -> list[Line]:
    """The lines that tell of something missing."""
    return [line for line in lines if line.is_gap]


def _rank(line: Line) -> int:
    order = ("asked", "stated", "published", "applied")
    return next((n for n, word in enumerate(order) if line.what.startswith(word)), len(order))


def _event_types(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """What each event is called: from the records that state it and from the topics."""
    known = {
        change["event_id"]: change["type"]
        for answer in answers.values()
        for record in answer["records"]
        for change in record["changes"]
    }
    told = (each for answer in answers.values() for each in answer["published"])
    return known | {each["event_id"]: each["type"] for each in told}


def _of_record(
    service: str, record: Mapping[str, Any], known_as: Mapping[str, str], now: datetime
) -> list[Line]:
    name = f"{record['collection']} {record['id']}"
    lines = []
    asked: set[str] = set()
    for change in record["changes"]:
        at, cause = _time(change["stated_at"]), change["cause"]
        by = f"{change['actor_role']} of {change['actor_organisation']}"
        if (
            cause
            and cause not in known_as
            and cause not in asked
            and change["actor_role"] != "service"
        ):
            asked.add(cause)
            lines.append(Line(at, service, f"asked by {by}", f"request {cause}"))
        came = f"because of {known_as[cause]}" if cause in known_as else ""
        lines.append(
            Line(
                at,
                service,
                f"stated {change['type']}",
                f"{name} {came}".strip(),
                event_id=change["event_id"],
            )
        )
    lines += [
        Line(
            _time(each["at"]),
            service,
            f"applied {known_as[each['cause']]}",
            name,
            event_id=each["cause"],
        )
        for each in record["applied"]
        if each["at"] and each["cause"] in known_as
    ]
    for waits in record["unsent"]:
        since = _time(waits["since"])
        late = now - since > UNDER_WAY
        lines.append(
            Line(
                since,
                service,
                f"{'NOT ON KAFKA' if late else 'on its way to Kafka'}: {waits['type']}",
                f"in the outbox of {name} for {_lasting(now - since)}",
                is_gap=late,
                event_id=waits["event_id"],
            )
        )
    for step in record["steps"]:
        stuck = step["is_still_open"] and (step["failed"] or now - _time(step["at"]) > UNDER_WAY)
        lines.append(Line(_time(step["at"]), service, "message", step["what"], is_gap=stuck))
    return lines


def _not_on_topic(
    service: str,
    answer: Mapping[str, Any],
    record: Mapping[str, Any],
    published: Mapping[str, Any],
    now: datetime,
) -> list[Line]:
    """Facts stated that are neither in the outbox nor where they should lie on Kafka."""
    if not answer["search"]["is_complete"]:
        return []
    unsent = {each["event_id"] for each in record["unsent"]}
    return [
        Line(
            _time(change["stated_at"]),
            service,
            f"NOT FOUND ON KAFKA: {change['type']}",
            f"stated by {record['collection']} {record['id']}, and not in its outbox",
            is_gap=True,
            event_id=change["event_id"],
        )
        for change in record["changes"]
        if change["event_id"]
        and change["event_id"] not in published
        and change["event_id"] not in unsent
        and now - _time(change["stated_at"]) > UNDER_WAY
    ]


def _of_publishing(service: str, each: Mapping[str, Any]) -> Line:
    place = f"{each['topic']}-{each['partition']} at offset {each['offset']}"
    return Line(
        _time(each["at"]), service, f"published {each['type']}", place, event_id=each["event_id"]
    )


def _of_groups(
    service: str, answer: Mapping[str, Any], published: Iterable[Mapping[str, Any]], now: datetime
) -> list[Line]:
    """What the service's groups have not come to yet."""
    lines = []
    for each in published:
        for position in answer["positions"]:
            here = (each["topic"], each["partition"]) == (position["topic"], position["partition"])
            if not here or each["type"] not in position["types"]:
                continue
            if each["offset"] >= position["committed_offset"]:
                late = now - _time(each["at"]) > UNDER_WAY
                waits = _lasting(now - _time(each["at"]))
                lines.append(
                    Line(
                        _time(each["at"]),
                        service,
                        f"{'NOT APPLIED' if late else 'not applied yet'}: {each['type']}",
                        f"published but not applied by {position['group']} for {waits}: it is at "
                        f"offset {position['committed_offset']} of {each['offset']}",
                        is_gap=late,
                        event_id=each["event_id"],
                    )
                )
    return lines


def _of_dead_letter(service: str, each: Mapping[str, Any]) -> Line:
    return Line(
        _time(each["at"]),
        service,
        f"SET ASIDE: {each['type']}",
        f"by {each['group']} after {each['attempts']} attempts, {each['error']}: {each['reason']} "
        f"({each['topic']}-{each['partition']} at offset {each['offset']})",
        is_gap=True,
        event_id=each["event_id"],
    )


def listeners(answers: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """For each event published, the groups that have passed it: they applied it, whenever."""
    passed: dict[str, list[str]] = {}
    for each in (each for answer in answers.values() for each in answer["published"]):
        for answer in answers.values():
            for position in answer["positions"]:
                here = (position["topic"], position["partition"])
                if (
                    here == (each["topic"], each["partition"])
                    and each["type"] in position["types"]
                    and each["offset"] < position["committed_offset"]
                ):
                    passed.setdefault(each["event_id"], []).append(position["group"])
    return passed


def _lasting(span: timedelta) -> str:
    from services.console.ops.screen import age

    return age(max(0.0, span.total_seconds()))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
