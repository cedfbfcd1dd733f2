"""Who read and wrote what about whom, as the referral service notes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from services.referral import handlers
from services.referral.store import Persons
from shared.audit.chain import verify
from shared.audit.journal import Journal
from shared.audit.lines import AuditLine, read_line
from shared.audit.sheets import Sheet
from shared.cause import Actor, Cause
from shared.errors import Unavailable
from shared.store.fold import Update
from shared.store.updating import Updating
from tests.referral.conftest import TENANT, Referring, intake


def journal_of(referring: Referring) -> Journal:
    journal: Journal = referring.app.state.journal
    return journal


async def lines(referring: Referring, after: int = 0) -> Sequence[AuditLine]:
    """The lines behind this number, in order."""
    return [
        read_line(number, text)
        async for sheet in journal_of(referring).book.walk()
        for number, text in enumerate(sheet.lines, start=sheet.first)
        if number > after
    ]


async def end(referring: Referring) -> int:
    return (await journal_of(referring).head()).line


def named(line: AuditLine) -> list[tuple[str, str]]:
    return [(each.kind, each.id) for each in line.records]


async def referred(referring: Referring) -> Mapping[str, Any]:
    made = await referring.refer()
    assert made.status_code == 201, made.text
    read = await referring.http.get(f"/referrals/{made.json()['id']}", headers=referring.practice)
    view: Mapping[str, Any] = read.json()
    return view


async def test_reading_a_referral_is_written_down_with_who_why_and_whom(
    referring: Referring,
) -> None:
    view = await referred(referring)
    before = await end(referring)
    headers = {
        **referring.team,
        "Purpose-Of-Use": "PATSFTY",
        "X-Request-ID": "request-0001",
    }
    read = await referring.http.get(f"/referrals/{view['id']}", headers=headers)
    assert read.status_code == 200
    (line,) = await lines(referring, before)
    assert (line.action, line.outcome) == ("read", "allowed")
    assert (line.tenant, line.subject) == (TENANT, "link_worker-of-team-org")
    assert (line.role, line.organisation) == ("link_worker", "team-org")
    assert (line.purpose, line.request_id) == ("PATSFTY", "request-0001")
    assert line.route == "GET /referrals/{referral_id}"
    assert named(line) == [("referrals", view["id"]), ("persons", view["person_id"])]
    assert line.records[0].about == (view["person_id"], view["case_id"])
    assert line.records[1].about == (view["person_id"],)


async def test_a_list_is_one_line_with_the_ids_it_gave(referring: Referring) -> None:
    first, second = await referred(referring), await referred(referring)
    before = await end(referring)
    got = await referring.http.get("/referrals?limit=2", headers=referring.practice)
    ids = {each["id"] for each in got.json()["items"]}
    (line,) = await lines(referring, before)
    assert {id_ for kind, id_ in named(line) if kind == "referrals"} == ids
    assert ids == {first["id"], second["id"]}


async def test_what_is_refused_is_written_down_as_refused(referring: Referring) -> None:
    view = await referred(referring)
    before = await end(referring)
    stranger = referring.as_("link_worker", "another-org")
    read = await referring.http.get(f"/referrals/{view['id']}", headers=stranger)
    assert read.status_code == 404
    (line,) = await lines(referring, before)
    assert (line.outcome, line.organisation) == ("refused", "another-org")
    assert ("referrals", view["id"]) in named(line)


async def test_a_command_that_is_refused_is_written_down_too(referring: Referring) -> None:
    view = await referred(referring)
    before = await end(referring)
    stranger = referring.as_("link_worker", "another-org")
    told = await referring.http.post(f"/referrals/{view['id']}/accept", json={}, headers=stranger)
    assert told.status_code == 404
    written = await lines(referring, before)
    assert [line.outcome for line in written] == ["refused"]
    assert ("referrals", view["id"]) in named(written[0])


async def test_asking_for_nothing_there_is_writes_no_line(referring: Referring) -> None:
    before = await end(referring)
    read = await referring.http.get("/referrals/none", headers=referring.practice)
    assert read.status_code == 404
    assert await end(referring) == before


async def test_a_change_is_written_down_before_it_is_made_with_what_it_changes(
    referring: Referring,
) -> None:
    view = await referred(referring)
    (stored,) = (await referring.stores.referrals.collection.read([view["id"]])).values()
    before = await end(referring)
    done = await referring.http.post(
        f"/referrals/{view['id']}/accept", json={}, headers=referring.team
    )
    assert done.status_code == 200
    (now,) = (await referring.stores.referrals.collection.read([view["id"]])).values()
    changed = [line for line in await lines(referring, before) if line.action == "changed"]
    (line,) = [line for line in changed if named(line) == [("referrals", view["id"])]]
    assert line.version == done.json()["version"]
    of = referring.stores.referrals.digest
    assert (line.before, line.after) == (of(stored["state"]), of(now["state"]))
    assert line.before != line.after
    assert line.subject == "link_worker-of-team-org"
    assert view["person_id"] in line.records[0].about


async def test_a_new_referral_tells_of_the_person_and_of_the_referral(
    referring: Referring,
) -> None:
    before = await end(referring)
    made = await referring.refer()
    created = [line for line in await lines(referring, before) if line.action == "created"]
    assert [kind for line in created for kind, _ in named(line)] == ["persons", "referrals"]
    assert created[1].records[0].id == made.json()["id"]
    assert all(line.before is None and line.after is not None for line in created)


async def test_a_record_that_changes_begin_is_told_of_as_created_then_as_changed(
    referring: Referring,
) -> None:
    view = await referred(referring)
    before = await end(referring)
    referrals = referring.stores.referrals
    known = (await referrals.get(view["id"], TENANT)).state
    blank = known.model_copy(update={"id": "referral-2", "person_id": "person-2"})

    async def note(event_id: str, attention: str) -> None:
        actor = Actor("referral", "service", "team-org", TENANT)
        await referrals.update(
            "referral-2",
            lambda referral: (referral.with_(attention=attention), []),
            Cause(id=event_id, actor=actor, at=datetime.now(UTC), repeatable=True),
            blank=blank,
        )

    await asyncio.gather(note("event-1", "moved_out_of_area"), note("event-2", "death_revoked"))

    first, second = await lines(referring, before)
    assert [(line.action, line.request_id, line.version) for line in (first, second)] == [
        ("created", "event-1", 1),
        ("changed", "event-2", 2),
    ]
    (now,) = (await referrals.collection.read(["referral-2"])).values()
    assert first.after == second.after == referrals.digest(now["state"])
    assert first.before is second.before is None


async def test_what_an_event_causes_names_the_event(referring: Referring) -> None:
    view = await referred(referring)
    before = await end(referring)
    cause = Cause(
        id="event-1",
        actor=Actor("referral", "service", "team-org", TENANT),
        at=datetime.now(UTC),
        repeatable=True,
    )
    await handlers.change_by_fact(
        referring.stores,
        view["id"],
        lambda referral, _: (referral.with_(attention="moved_out_of_area"), []),
        cause,
    )
    (line,) = await lines(referring, before)
    assert (line.action, line.role, line.request_id) == ("changed", "service", "event-1")


async def test_an_insert_that_is_refused_is_taken_back(referring: Referring) -> None:
    view = await referred(referring)
    before = await end(referring)
    again = await referring.http.post(
        "/referrals",
        json={
            **{k: v for k, v in intake(referring.team_service).items() if k != "person"},
            "person_id": view["person_id"],
        },
        headers=referring.practice,
    )
    assert again.status_code == 409
    written = await lines(referring, before)
    created = [line for line in written if line.action == "created"]
    assert [line.voids for line in written if line.action == "not-made"] == [
        line.number for line in created
    ]


class Broken:
    """A book that cannot be written in, and tells what it was asked to keep."""

    def __init__(self, journal: Journal) -> None:
        self._book = journal.book
        self.asked: list[Sheet] = []

    async def append(self, sheet: Sheet) -> bool:
        self.asked.append(sheet)
        raise Unavailable("The database did not answer.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)


async def test_nothing_is_shown_that_cannot_be_written_down(
    referring: Referring, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await referred(referring)
    before = await end(referring)
    journal = journal_of(referring)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "book", Broken(journal))
        read = await referring.http.get(f"/referrals/{view['id']}", headers=referring.team)
        assert read.status_code == 503
        assert read.headers["content-type"] == "application/problem+json"
        assert read.headers["Retry-After"] == "2"
        assert view["person_id"] not in read.text
        listed = await referring.http.get("/referrals", headers=referring.team)
        assert listed.status_code == 503
    assert await end(referring) == before
    read = await referring.http.get(f"/referrals/{view['id']}", headers=referring.team)
    assert read.status_code == 200


async def test_nothing_is_changed_that_cannot_be_written_down(
    referring: Referring, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await referred(referring)
    journal = journal_of(referring)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "book", Broken(journal))
        done = await referring.http.post(
            f"/referrals/{view['id']}/accept", json={}, headers=referring.team
        )
        assert done.status_code == 503
        made = await referring.refer()
        assert made.status_code == 503
    read = await referring.http.get(f"/referrals/{view['id']}", headers=referring.team)
    assert (read.json()["status"], read.json()["version"]) == (view["status"], view["version"])


async def test_a_crash_between_line_and_change_tells_too_much_and_never_too_little(
    referring: Referring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dying there is a write that never comes: the line is there, the change is not."""
    view = await referred(referring)
    before = await end(referring)

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    persons: Persons = referring.stores.persons
    with monkeypatch.context() as patch:
        patch.setattr(persons.collection, "write", die)
        change = Updating(persons)  # what a process runs when it is killed

        def move(person: Any) -> tuple[Any, list[Any]]:
            return person.model_copy(update={"family_name": "Otherperson"}), []

        cause = Cause("c-1", Actor("w", "link_worker", "team-org", TENANT), datetime.now(UTC))
        with pytest.raises(KeyboardInterrupt):
            await change([Update(view["person_id"], move, cause, None, remember=True)])
    (line,) = await lines(referring, before)
    assert (line.action, named(line)) == ("changed", [("persons", view["person_id"])])
    assert (await persons.get(view["person_id"], TENANT)).state.family_name == "Testperson"


async def test_a_purpose_that_there_is_not_is_refused(referring: Referring) -> None:
    read = await referring.http.get(
        "/referrals", headers={**referring.practice, "Purpose-Of-Use": "CURIOSITY"}
    )
    assert read.status_code == 422
    assert read.json()["errors"][0]["pointer"] == "/headers/purpose-of-use"
    assert "CAREMGT" in read.json()["errors"][0]["reason"]


async def test_the_audit_of_a_working_service_verifies(referring: Referring) -> None:
    await referred(referring)
    verdict = await verify(journal_of(referring).book.walk(), "referral")
    assert verdict.finding is None
    assert verdict.head.line >= 2, "a person and their referral were written"


async def test_no_line_holds_anything_of_a_person(referring: Referring) -> None:
    await referred(referring)
    texts = [text async for sheet in journal_of(referring).book.walk() for text in sheet.lines]
    for word in ("Testperson", "Sample", "1957", "07700", "ZZ1", "company"):
        assert not [text for text in texts if word in text], word
