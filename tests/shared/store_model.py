"""What the store should do, in a few lines that anyone can check, for the stateful tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.errors import Conflict, Contended, KeyReused, NotFound, PreconditionFailed
from shared.store import Duplicate, Saved
from tests.shared.store_examples import Register

Result = Saved[Register] | BaseException
Kind = Literal["open", "come", "come unremembered", "move", "refuse", "keep"]


@dataclass(frozen=True)
class Call:
    """One call of the store: what is asked of which record, and why."""

    kind: Kind
    record: str
    cause: str
    digest: str = "d1"
    mark: str = "ada"
    room: str | None = None
    at_version: int | None = None
    """Sent as If-Match."""


@dataclass
class Known:
    """What is known of one record."""

    causes: dict[str, tuple[str, int, int]]
    """Each remembered cause with its digest, and the version and size it led to."""
    version: int = 1
    came: list[str] = field(default_factory=list)
    room: str | None = None
    sent: list[int] = field(default_factory=list)
    """The seq of each event the relay took away, in order."""


class Model:
    """All records; learns of calls that were made at once from their answers, and checks those."""

    def __init__(self) -> None:
        self.records: dict[str, Known] = {}

    def learn(self, calls: Sequence[Call], results: Sequence[Result]) -> None:
        """Apply calls made at the same time, in the order that the answers' versions tell.

        Everything an answer claims must then hold.
        """
        answers = list(zip(calls, results, strict=True))
        rooms = {call.room for call in calls} | {known.room for known in self.records.values()}
        before = {record: known.version for record, known in self.records.items()}
        news = [
            (call, result)
            for call, result in answers
            if isinstance(result, Saved) and not result.repeated and call.kind != "keep"
        ]
        for call, saved in sorted(news, key=lambda each: each[1].version):
            self._apply(call, saved)
        for call, result in answers:
            if isinstance(result, Saved):
                self._check_answer(call, result, before)
            else:
                self._check_error(call, result, before, rooms)

    def _apply(self, call: Call, saved: Saved[Register]) -> None:
        if call.kind == "open":
            assert call.record not in self.records
            known = self.records[call.record] = Known(causes={}, room=call.room)
        else:
            known = self.records[call.record]
            assert call.cause not in known.causes, "a cause was applied twice"
            assert call.at_version in {None, known.version}
            if call.kind == "move":
                known.room = call.room
            known.came.append(call.mark)
            known.version += 1
        assert saved.version == known.version, "versions have a gap"
        assert (list(saved.state.came), saved.state.room) == (known.came, known.room)
        assert saved.receipt == {"size": len(known.came)}
        if call.kind != "come unremembered":
            known.causes[call.cause] = (call.digest, known.version, len(known.came))

    def _check_answer(self, call: Call, saved: Saved[Register], before: dict[str, int]) -> None:
        known = self.records[call.record]
        if saved.repeated:
            digest, version, size = known.causes[call.cause]
            assert call.digest == digest
            assert (saved.version, saved.receipt) == (version, {"size": size})
        else:
            assert before.get(call.record, 0) <= saved.version <= known.version

    def _check_error(
        self, call: Call, error: BaseException, before: dict[str, int], rooms: set[str | None]
    ) -> None:
        known = self.records.get(call.record)
        match error:
            case Contended():
                pass
            case Duplicate(index="_id_"):
                assert call.kind == "open"
                assert known is not None
            case Duplicate(index="one_room"):
                assert call.room is not None
                assert call.room in rooms
            case KeyReused():
                assert known is not None
                assert known.causes[call.cause][0] != call.digest
            case PreconditionFailed():
                assert known is not None
                assert call.at_version is not None
                assert (before.get(call.record), known.version) != (call.at_version,) * 2
            case Conflict():
                assert call.kind == "refuse"
            case NotFound():
                assert call.record not in before
            case _:
                raise error
