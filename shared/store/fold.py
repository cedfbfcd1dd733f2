"""Fold the changes that wait for one document into one write.

Ten consumers' groups that touch one busy document then cost one write, not ten conflicts,
and each caller still gets its own version, answer or error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic

from shared.audit.lines import Entry
from shared.audit.trail import Trail
from shared.cause import Cause
from shared.errors import Erased, NotFound, PreconditionFailed
from shared.events import Event
from shared.ids import new_id
from shared.store import codec
from shared.store.documents import (
    SEEN,
    Document,
    S,
    Saved,
    Write,
    history_entry,
    outbox_entry,
    seen_entry,
    to_milliseconds,
)
from shared.store.sealed import ERASED

if TYPE_CHECKING:
    from shared.store.store import Store

Change = Callable[[S], tuple[S, Sequence[Event]]]
"""A pure function of the domain: the state before to the state after and what happened."""


@dataclass(frozen=True, slots=True)
class Update(Generic[S]):
    """One caller's change of one record."""

    record_id: str
    change: Change[S]
    cause: Cause
    if_match: int | None
    remember: bool
    trail: Trail | None = None
    """The request it belongs to, if any."""
    check: Callable[[S], None] | None = None
    """Raises where the caller may not do this to the record; asked before its version is."""
    blank: S | None = None
    """The state from which a record begins that is not there yet; None where it must be."""


class Fold(Generic[S]):
    """The changes of one record applied in turn, as they would be stored.

    ``outcomes`` hold once ``write`` or ``insertion`` has taken effect, or at once where there is
    neither: there is no document and none begins, or it begins and nothing changes it.
    """

    def __init__(
        self, store: Store[S], document: Document | None, updates: Mapping[int, Update[S]]
    ) -> None:
        self.updates = updates
        self.outcomes: dict[int, Saved[S] | BaseException] = {}
        self.write: Write | None = None
        self.insertion: Document | None = None
        self._applied: list[tuple[Update[S], int, tuple[str, ...]]] = []
        self._created: Document | None = None
        beginning = None if document is not None else _beginning(updates)
        self._begins = beginning is not None
        if beginning is not None:
            document = _document_to_be(store, beginning)
        if document is None:
            self.outcomes = {n: NotFound("There is no such record.") for n in updates}
            return
        if ERASED in document:
            self.outcomes = {n: _gone(document, update) for n, update in updates.items()}
            return
        self._store = store
        self._document = document
        try:
            blank = beginning.blank if beginning is not None else None
            self._before: Saved[S] = codec.saved(store.model, document, state=blank)
        except Exception as error:  # noqa: BLE001 - one unreadable document must not fail others
            self.outcomes = dict.fromkeys(updates, error)
            return
        self._state = self._before.state
        self._version = self._before.version
        self._seq: int = document["seq"]
        self._at: datetime = document["updated_at"]
        self._outbox: list[Document] = []
        self._seen: list[Document] = []
        self._history: list[Document] = []
        for n, update in updates.items():
            try:
                self.outcomes[n] = self._apply(update)
            except Exception as error:  # noqa: BLE001 - it belongs to this caller alone
                self.outcomes[n] = error
                self._note(update)
        if self._begins:
            self.insertion = self._whole()
        else:
            self.write = self._one_write()

    def _apply(self, update: Update[S]) -> Saved[S]:
        cause = update.cause
        if self._document["tenant"] != cause.actor.tenant:
            raise NotFound("There is no such record.")
        if self._begins and self._created is None and update.blank is None:
            raise NotFound("There is no such record.")
        created = () if self._created is None else (self._created,)
        seen = codec.seen_before(self._document, cause, also=(*created, *self._seen))
        if seen is not None:
            self._note(update)
            return codec.saved(self._store.model, self._document, state=self._state, repeats=seen)
        if update.check is not None:
            update.check(self._state)
        if update.if_match is not None and update.if_match != self._version:
            raise PreconditionFailed(
                "The record has changed since you read it; read it again and decide anew.",
                {"current_version": self._version},
            )
        # All that may raise comes first, so that a failed change leaves nothing behind.
        state, events = update.change(self._state)
        receipt = self._store.receipt(state)
        if not events and state == self._state:
            self._note(update)
            return self._result(receipt)
        stamped = codec.stamp(events, self._seq)
        named = [(event, new_id()) for event in stamped]
        outbox = [outbox_entry(event, id_, self._store.source, cause) for event, id_ in named]
        history = [history_entry(event, id_, cause) for event, id_ in named]
        self._outbox += outbox
        self._history += history
        about = (*self._store.about(self._state), *self._store.about(state))
        self._state = state
        self._version += 1
        self._applied.append((update, self._version, about))
        self._seq += len(stamped)
        self._at = to_milliseconds(cause.at)
        if self._begins and self._created is None:
            self._created = seen_entry(cause, self._version, receipt)
        elif update.remember:
            self._seen.append(seen_entry(cause, self._version, receipt))
        return self._result(receipt)

    def _note(self, update: Update[S]) -> None:
        """Nothing is changed by this one, yet the record was looked at for it."""
        if self._document["tenant"] == update.cause.actor.tenant:
            self._store.note_read(self._before.id, self._state, update.trail)

    def changes(self) -> list[Entry]:
        """What the audit is to say of the write, once to each caller it changes something for.

        Changes folded into one write share the digests of before and after it.
        """
        stored = self.write.set if self.write is not None else self.insertion
        witness = self._store.witness
        if witness is None or not stored or not self._applied:
            return []
        before = None if self._begins else self._store.digest(self._document["state"])
        after = self._store.digest(stored["state"])
        return [
            witness.line(
                "created" if self._begins and n == 0 else "changed",
                self._before.id,
                about,
                update.cause,
                update.trail,
                version=version,
                before=before,
                after=after,
            )
            for n, (update, version, about) in enumerate(self._applied)
        ]

    def _result(self, receipt: Mapping[str, Any]) -> Saved[S]:
        return Saved(
            id=self._before.id,
            version=self._version,
            state=self._state,
            created_at=self._before.created_at,
            lines=(*self._before.lines, *self._history),
            receipt=receipt,
        )

    def _whole(self) -> Document | None:
        """The new document; None where nothing was made of it."""
        if self._created is None:
            return None
        return codec.completed(
            {
                **self._document,
                **codec.derived(self._store, self._state),
                "version": self._version,
                "seq": self._seq,
                "updated_at": self._at,
                "created": self._created,
                "outbox": self._outbox,
                "seen": self._seen[-SEEN:],
                "history": self._history,
            }
        )

    def _one_write(self) -> Write:
        if self._version == self._before.version:
            return Write(self._before.id, self._version, new_id())
        derived = codec.derived(self._store, self._state)
        return Write(
            id=self._before.id,
            version=self._before.version,
            write_id=new_id(),
            set={
                **derived,
                "version": self._version,
                "seq": self._seq,
                "updated_at": self._at,
            },
            unset=() if "due_at" in derived else ("due_at",),
            outbox=self._outbox,
            seen=self._seen[-SEEN:],
            history=self._history,
        )


def _beginning(updates: Mapping[int, Update[S]]) -> Update[S] | None:
    """The first that may begin a record."""
    return next((each for each in updates.values() if each.blank is not None), None)


def _document_to_be(store: Store[S], update: Update[S]) -> Document:
    """What is not there yet, as a document before its first version; it was seen by nobody."""
    return {
        **codec.frame(update.record_id, update.cause),
        "version": store.first_version - 1,
        "seq": 0,
        "created": {"id": None, "receipt": {}},
        "seen": [],
        "history": [],
    }


def _gone(document: Document, update: Update[Any]) -> NotFound:
    """What a caller hears of a tombstone: another tenant's is no record at all."""
    if document["tenant"] != update.cause.actor.tenant:
        return NotFound("There is no such record.")
    return Erased("This record was erased.")
