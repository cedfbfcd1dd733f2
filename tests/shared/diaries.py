"""A store of made-up sealed records, with the keys they are sealed under."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.cause import Actor, Cause
from shared.ids import new_id
from shared.store import Collection, Database, DataKeys, Memory, Seals, Store
from shared.vault import BlindIndex, LocalMasterKeys

TENANT = "icb-demo"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Entry(BaseModel):
    code: str
    words: str | None = None


class Diary(BaseModel):
    """A made-up record: whose it is, what they wrote, and what may be searched."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str = TENANT
    owner: str
    words: str | None = None
    days: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    colour: str = "red"


class Diaries(Store[Diary]):
    model = Diary
    seals = Seals(owner="owner", fields=("words", "days"), worded={"entries": "words"})


class Clock:
    """Seconds, moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Kept:
    """Diaries, their keys, and what lies in the database."""

    def __init__(self, backend: Database | Memory, **limits: Any) -> None:
        self.raw: Collection = backend.collection("diaries")
        self.keys_raw: Collection = backend.collection("person_keys")
        self.clock = Clock()
        self.keys = self.other_process(**limits)
        self.diaries = Diaries(self.raw, self.keys)

    def other_process(self, master: LocalMasterKeys | None = None, **limits: Any) -> DataKeys:
        return DataKeys(
            self.keys_raw,
            master or LocalMasterKeys({"a": b"a" * 32}, "a"),
            BlindIndex("i" * 32),
            clock=self.clock,
            **limits,
        )

    async def document(self, id_: str) -> dict[str, Any]:
        return (await self.raw.read([id_]))[id_]


def because() -> Cause:
    return Cause(new_id(), Actor("w", "link_worker", "org", TENANT), NOON)


ADAS = Diary(id="d1", owner="ada", words="Slept badly.", days=("monday",))
