"""Nothing that would give a person away leaves the records they are kept in.

The demo is played with everything told that a service can tell: log lines down to DEBUG, every
span, all metrics. Then damaged requests and a damaged record are sent with people's data in them.
All of it is searched for every name, NHS number, date of birth, telephone number, address, e-mail
address and free text that was sent.

A dead letter is by design the record that could not be applied, byte for byte: where a stranger
writes personal data on a topic, its copy holds them as the topic itself does. It is shown by its
shape alone, and nothing said about it holds a value.

Text messages, letters and mails may name the service, the day and the place of a meeting. Letters
and mails to a person begin with their given names, as the templates say, and hold nothing else of
them; a text message and a webhook hold no name at all.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from services.console.demo.run import Options
from services.console.demo.screen import Screen
from services.console.platform import SERVICES
from shared.bus import DEAD_LETTERS
from shared.ids import new_id
from shared.servers import KAFKA_VARIABLE, MONGO_VARIABLE, Kafka
from tests.trust.kept import FAMILY, Kept
from tests.trust.needles import Needles, search
from tests.trust.watched import Watched
from tests.trust.watching import collector, watch

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo"), pytest.mark.timeout(600)]

PEOPLE = 40
SALUTATION = re.compile(rb"\bHello " + FAMILY.encode() + rb"[^,.]{1,40}[,.]")
BY_DESIGN = {f"topic {DEAD_LETTERS}, values", "topic referral-events, values"}
"""Where the record lies that a stranger wrote with personal data in it."""


async def played(
    mongo_uri: str, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Kept:
    monkeypatch.setenv(MONGO_VARIABLE, mongo_uri)
    monkeypatch.setenv(KAFKA_VARIABLE, kafka.bootstrap)
    monkeypatch.setenv("LINKWAY_CACHE", str(tmp_path))
    options = Options(
        once=True,
        data=None,
        people=PEOPLE,
        seed=7,
        areas=frozenset(),
        prefix=f"demo-{new_id()[-8:]}-",
    )
    shown = io.StringIO()
    kept = Kept()
    async with collector(kept) as otlp:
        watch(kept, monkeypatch, otlp)
        demo = Watched(options, Screen(Console(file=shown)), kept=kept)
        await demo.run()
    assert demo.agrees, shown.getvalue()
    kept.note("the screen", shown.getvalue().encode())
    for log in (tmp_path / "demo" / "logs").iterdir():
        kept.note(f"log {log.name}", log.read_bytes())
    return kept


async def test_nothing_of_a_person_is_in_topics_logs_metrics_spans_letters_audit_or_messages(
    mongo_uri: str,
    kafka: Kafka,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    kept = await played(mongo_uri, kafka, tmp_path, monkeypatch)
    needles = kept.needles()
    expected = {
        "spans",
        "webhooks",
        "e-mails",
        "letter messages",
        "the screen",
        "topic referral-events, values",
        "topic outcome-events, values",
        f"topic {DEAD_LETTERS}, keys and headers",
        *(f"metrics of {service}" for service in SERVICES),
        # The directory keeps nothing of persons, so nothing about it is audited in a demo.
        *(f"audit of {service}" for service in SERVICES if service != "directory"),
        *(f"log {service}.log" for service in SERVICES),
    }
    assert expected <= kept.places.keys(), expected - kept.places.keys()
    assert b'"level":"debug"' in kept.places["log referral.log"]
    assert b"POST /referrals" in kept.places["spans"]
    assert kept.letters

    # What a stranger wrote is of one person, and lies where that record does.
    own, others = kept.people[:1], kept.people[1:]
    topics = {place: kept.places[place] for place in BY_DESIGN}
    planted = search(kept.needles(own), topics)
    assert {hit.what for hit in planted} >= {"NHS number", "family name", "date of birth"}
    rest = {place: data for place, data in kept.places.items() if place not in BY_DESIGN}
    for place in ("e-mails", "letter messages", "sms messages"):
        rest[place], times = SALUTATION.subn(b"", rest.get(place, b""))
        # Text messages are sent by day alone: whether there are any depends on the hour.
        assert times or place == "sms messages"
    leaks = search(needles, rest) + search(kept.needles(others), topics)
    size = sum(map(len, kept.places.values()))
    record_property(
        "privacy",
        f"{len(kept.people)} people, {len(kept.texts)} free texts, {len(needles):,} forms, "
        f"{len(kept.places)} places, {size / 1e6:.1f} MB: {len(leaks)} found",
    )
    assert not leaks, "\n".join(map(str, leaks))

    # What the referral service keeps of a person lies there sealed. That the search would find it
    # otherwise is shown by the ids, which are no secret.
    at_rest = {name: data for name, data in kept.at_rest.items() if name.startswith("referral.")}
    assert at_rest["referral.persons"].count(b"'_id'") >= PEOPLE
    open_ = search(kept.needles(kept.people), at_rest)
    assert not open_, "\n".join(map(str, open_))


@pytest.mark.parametrize(
    "written",
    [
        "of ZQXAda, who",
        "name=Zqx%C3%84da+Smith",
        "9990000018",
        "NHS 999 000 0018.",
        "born 14/03/1957",
        "14 March 1957",
        '{"birth":"19570314"}',
        "+447700900123",
        "07700 900123",
        "to person-1%40example.org",
        "UGVyc29uIFpxeEFkYSBCcm93biBpcyBoZXJl",
        "xxxwZXJzb24tMUBleGFtcGxlLm9yZw==",
        "\\u005aqxAda",
    ],
)
def test_what_is_written_in_any_form_is_found(written: str) -> None:
    needles = Needles()
    needles.add("name", "ZqxAda")
    needles.add("name", "ZqxÄda Smith")
    needles.add("name", "ZqxAda Brown")
    needles.add_number("NHS number", "9990000018")
    needles.add_date("date of birth", date(1957, 3, 14))
    needles.add_number("telephone", "07700 900123")
    needles.add("e-mail", "person-1@example.org")
    assert search(needles, {"a log": f"one line\n{written}\n".encode()})


def test_what_only_looks_alike_is_not_found() -> None:
    needles = Needles()
    needles.add_number("NHS number", "9990000018")
    needles.add_date("date of birth", date(1957, 3, 14))
    needles.add("e-mail", "person-1@example.org")
    alike = b"99900000180 a9990000018 119570314 person-11@example.org 1957-03-15"
    assert search(needles, {"a log": alike}) == []
