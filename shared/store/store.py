"""The store a service builds on: pure changes in, one conditional write out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from shared.audit.lines import canonical, digest
from shared.audit.trail import TRAIL, Trail, current_trail
from shared.cause import Actor, Cause
from shared.coalesce import Coalescer
from shared.errors import Contended, Erased, NotFound, Unavailable
from shared.events import Event
from shared.ids import new_id
from shared.store import codec
from shared.store.collection import Collection
from shared.store.documents import Addition, Document, Duplicate, Index, Page, S, Saved, Step
from shared.store.fold import Change, Update
from shared.store.having import Having
from shared.store.sealed import ERASED, Keys, SealedCollection, Seals
from shared.store.updating import Updating
from shared.store.witness import Witness

if TYPE_CHECKING:
    from shared.audit.journal import Journal

_FEW = 20
"""Records asked for at once, up to which they are read together with what others ask."""
_ATTEMPTS = 6
_PAUSE = 0.01
_OUTBOX_INDEX = Index(
    "outbox",
    (("slot", 1), ("outbox_since", 1)),
    where={"outbox_since": {"$exists": True}},
)
_CHANGED_INDEX = Index("changed", (("updated_at", 1),))
"""By it reconciliation finds what stated facts lately, however large the collection."""
_NEWEST_INDEX = Index("newest", (("tenant", 1), ("created_at", -1), ("_id", -1)))
_DUE_INDEX = Index("due", (("due_at", 1),), where={"due_at": {"$exists": True}})


class Store(Generic[S]):
    """Records of one model in one collection; subclass it and name ``model`` and ``source``.

    ``model`` is a frozen pydantic model with a field ``tenant``; ``source`` is the
    CloudEvents source of its facts, left out where records state none; ``indexes`` are the
    service's own, led by tenant.
    """

    model: type[S]
    source: ClassVar[str] = ""
    indexes: ClassVar[Sequence[Index]] = ()
    listed: ClassVar[bool] = True
    """Whether people page through a tenant's records; where not, an index is saved."""
    unaudited: ClassVar[str] = ""
    """Why no line of the audit tells of these records: what they hold is about no person.

    Every store either says so or says by ``about`` whom its records are about.
    """

    key_at: ClassVar[str] = "_id"
    """Where a document has the Kafka key of its facts: a case's id, mostly, and indexed.

    All that belongs to one case is found by it. Empty where a record belongs to no one thing.
    """

    seals: ClassVar[Seals | None] = None
    """Which fields are sealed under whose key; none unless it is said."""

    def __init__(self, collection: Collection, keys: Keys | None = None) -> None:
        if self.seals is not None:
            if keys is None:
                raise TypeError(f"{type(self).__name__} seals, and so needs keys.")
            collection = SealedCollection(collection, self.seals, keys)
        self.collection: Collection = collection
        self._keys = keys
        self.first_version = 1
        """Of records stored for the first time. A rebuild sets it far above any that was, so
        that no write meant for the document before can match the new one."""
        self.witness: Witness | None = None
        """Who tells the audit of what is read and written; see ``audit_by``."""
        self._insert = Coalescer(self._insert_all)
        self._update = Coalescer(Updating(self))
        self._read = Coalescer(self._read_all)
        self._having = Having(collection)

    def facets(self, state: S) -> Mapping[str, Any]:  # noqa: ARG002 - for subclasses
        """Values derived from the state for indexes and queries; None is left out."""
        return {}

    def receipt(self, state: S) -> Mapping[str, Any]:  # noqa: ARG002 - for subclasses
        """Small facts to answer with, kept with the cause and given again on a repeat."""
        return {}

    def due(self, state: S) -> datetime | None:  # noqa: ARG002 - for subclasses
        """When work on this record falls due, if any."""
        return None

    def journey(self, state: S) -> Sequence[Step]:  # noqa: ARG002 - for subclasses
        """What happened to a record besides its facts, such as attempts to send it.

        For operations staff: ids and codes only, no word that somebody wrote.
        """
        return ()

    def about(self, state: S) -> Sequence[str]:  # noqa: ARG002 - for subclasses
        """The ids of the persons a record is about, or of the cases if it knows no more.

        A store that says so is audited.
        """
        return ()

    @property
    def falls_due(self) -> bool:
        """Whether its records fall due at some time."""
        return type(self).due is not Store.due

    @property
    def all_indexes(self) -> Sequence[Index]:
        """The indexes there must be: the service's own, and those every store has."""
        due = (_DUE_INDEX,) if self.falls_due else ()
        newest = (_NEWEST_INDEX,) if self.listed else ()
        outbox = (_OUTBOX_INDEX, _CHANGED_INDEX) if self.source else ()
        return (*outbox, *newest, *due, *self.indexes)

    async def ensure_indexes(self) -> None:
        """Create the indexes that are missing."""
        await self.collection.ensure_indexes(self.all_indexes)

    async def insert(
        self, record_id: str, state: S, events: Sequence[Event], cause: Cause
    ) -> Saved[S]:
        """Store a new record with its events.

        The same cause again gives the first answer. Raises Duplicate where the id or a
        unique value is taken, KeyReused where the cause's key came with other content, Erased
        where the record was there once.
        """
        document = codec.new_document(self, record_id, state, events, cause)
        try:
            await self._insert_told(document, state, cause)
        except Duplicate:
            existing = await self._read(record_id)
            if existing is None or existing["tenant"] != cause.actor.tenant:
                raise
            _check_there(existing)
            seen = codec.seen_before(existing, cause)
            if seen is None:
                raise
            return self._noted(codec.saved(self.model, existing, repeats=seen))
        return codec.saved(self.model, document, state=state)

    async def update(
        self,
        record_id: str,
        change: Change[S],
        cause: Cause,
        *,
        if_match: int | None = None,
        remember: bool = True,
        check: Callable[[S], None] | None = None,
        blank: S | None = None,
    ) -> Saved[S]:
        """Apply a pure change and store the result with its events in one write.

        A repeated cause changes nothing and gives the first answer. ``remember=False``
        keeps no memory of the cause: for changes that are idempotent by nature. ``check``
        raises where the caller may not know of the record, before 412 could tell. ``blank`` is
        what a record begins with that is not there yet: it is stored as changed. Raises
        NotFound where there is neither, PreconditionFailed where ``if_match`` is not the
        present version, KeyReused, Contended, and whatever ``change`` raises.
        """
        update = Update(record_id, change, cause, if_match, remember, current_trail(), check, blank)
        for attempt in range(_ATTEMPTS):
            if attempt:
                # Another process won: step aside for a moment, out of step with it.
                await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
            saved = await self._update(update)
            if saved is not None:
                return saved
        raise Contended("Others kept changing this record at the same time; try again.")

    async def add(self, additions: Sequence[Addition]) -> frozenset[str]:
        """Add to numbers where they lie, each addition once; the ids of what is not there.

        For records that are numbers and nothing else: nothing that follows from the state is
        brought up to date, no fact is stated, and no record of an audited store is added to.
        """
        if self.witness is not None:
            raise TypeError(f"{type(self).__name__} is audited: its records are changed by update.")
        return await self.collection.add(additions) if additions else frozenset()

    async def get(self, record_id: str, tenant: str) -> Saved[S]:
        """The record, or NotFound."""
        document = await self._read(record_id)
        if document is None or document["tenant"] != tenant:
            raise NotFound("There is no such record.")
        _check_there(document)
        return self._noted(codec.saved(self.model, document))

    async def get_many(self, record_ids: Sequence[str], tenant: str) -> dict[str, Saved[S]]:
        """Those of the records that exist, by id."""
        documents: Iterable[Document | None]
        if len(record_ids) <= _FEW:
            # Together with what others read just now.
            documents = await asyncio.gather(*map(self._read, dict.fromkeys(record_ids)))
        else:
            documents = (await self.collection.read(record_ids)).values()
        return {
            document["_id"]: self._noted(codec.saved(self.model, document))
            for document in documents
            if document is not None and document["tenant"] == tenant and ERASED not in document
        }

    async def having(
        self, tenant: str, field: str, value: str, *, limit: int, but: str | None = None
    ) -> list[Saved[S]]:
        """Records of the tenant with this value in an indexed field, newest first.

        ``field`` is the path of a string or of a list of strings, such as ``facets.match``.
        Like ``find``, in one trip with whoever asks for the same field just now; the record
        ``but`` is left out, and not read.
        """
        ids = [id_ for id_ in await self._having(tenant, field, value, limit) if id_ != but]
        records = await self.get_many(ids, tenant) if ids else {}
        return [records[id_] for id_ in ids if id_ in records]

    async def find(
        self,
        tenant: str,
        where: Mapping[str, Any] | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[S]:
        """Records of the tenant that match, newest first. Raises Invalid for a bad cursor."""
        after = None if cursor is None else codec.read_cursor(cursor)
        found = await self.collection.find(_of(tenant, where), limit + 1, after)
        items = [
            self._noted(codec.saved(self.model, document))
            for document in found[:limit]
            if ERASED not in document
        ]
        if len(found) <= limit:
            return Page(items=items, next_cursor=None)
        # By the last that was looked at: the page itself may end with one that was erased.
        last = found[limit - 1]
        return Page(items=items, next_cursor=codec.write_cursor(last["created_at"], last["_id"]))

    async def count(self, tenant: str, where: Mapping[str, Any] | None = None) -> int:
        """How many records of the tenant match."""
        return await self.collection.count(_of(tenant, where))

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> Sequence[Document]:
        """An aggregation over the raw documents; the caller filters by tenant first."""
        return await self.collection.aggregate(pipeline)

    async def claim_due(
        self,
        now: datetime,
        lease: timedelta,
        limit: int,
        *,
        where: Mapping[str, Any] | None = None,
    ) -> list[Saved[S]]:
        """Records due by ``now``, each claimed by one caller and due again after ``lease``.

        The caller does the work and stores its result by ``update``, which sets when the
        record is due next; if it dies first, the record comes back.
        """
        documents = await self.collection.claim_due(now, now + lease, limit, where or {})
        return [
            codec.saved(self.model, document) for document in documents if ERASED not in document
        ]

    async def bury(self, record_ids: Sequence[str], tenant: str, at: datetime) -> None:
        """Put a tombstone in each record's place, whether it is there or not yet.

        It says that there was a record and nothing of what that held. Reading or changing it
        raises Erased, and so does storing it anew. What it had still to tell is told.
        """
        if record_ids:
            await self._tell_burial(record_ids, tenant)
            await self.collection.bury(record_ids, tenant, at)

    async def gone(self, record_ids: Sequence[str], tenant: str) -> frozenset[str]:
        """Those of the records that were erased."""
        documents = await self.collection.read(record_ids)
        return frozenset(
            id_ for id_, each in documents.items() if each["tenant"] == tenant and ERASED in each
        )

    async def close(self) -> None:
        """Let go of what the store holds open; nothing, unless a subclass does."""

    def read_document(self, document: Document) -> Saved[S]:
        """A raw document, as an aggregation returns it, as a record."""
        return self._noted(codec.saved(self.model, document))

    # What the audit is told

    def digest(self, state: Mapping[str, Any]) -> str:
        """The digest of a state as it is stored; of a keyed mark of it where something is sealed.

        The trail outlives the key: a plain digest could be tried out against guesses.
        """
        if self.seals is None or self._keys is None or not self.seals.held_by(state):
            return digest(state)
        return digest(self._keys.index.mark("audit", state["tenant"], canonical(state)))

    def audit_by(self, journal: Journal) -> None:
        """From now on ``journal`` is told of what is read and written, if it is about persons."""
        if type(self).about is not Store.about:
            self.witness = Witness(journal, self.collection.name)

    def note_read(self, record_id: str, state: S, trail: Trail | None) -> None:
        """Somebody's request reads this record; what a service reads for itself is not noted."""
        if trail is not None and self.witness is not None:
            trail.note(self.collection.name, record_id, self.about(state))

    def _noted(self, saved: Saved[S]) -> Saved[S]:
        self.note_read(saved.id, saved.state, TRAIL.get())
        return saved

    async def _insert_told(self, document: Document, state: S, cause: Cause) -> None:
        """Store a new document, after telling of it; not in one batch, so that neither waits."""
        if self.witness is None:
            await self._insert(document)
            return
        line = self.witness.line(
            "created",
            document["_id"],
            self.about(state),
            cause,
            TRAIL.get(),
            version=1,
            after=self.digest(document["state"]),
        )
        told = await self.witness.tell([line])
        try:
            await self._insert(document)
        except Unavailable:
            raise  # it may be stored or not
        except Exception:
            await self.witness.take_back(told, [False])
            raise

    async def _tell_burial(self, record_ids: Sequence[str], tenant: str) -> None:
        if self.witness is None:
            return
        trail = TRAIL.get()
        actor = (trail.actor if trail else None) or Actor("erasure", "service", "", tenant)
        cause = Cause(id=new_id(), actor=actor, at=datetime.now(UTC))
        await self.witness.tell(
            [self.witness.line("erased", each, (), cause, trail) for each in record_ids]
        )

    # What the coalescers do with a batch

    async def _read_all(self, record_ids: Sequence[str]) -> Sequence[Document | None]:
        found = await self.collection.read(list(dict.fromkeys(record_ids)))
        return [found.get(record_id) for record_id in record_ids]

    async def _insert_all(self, documents: Sequence[Document]) -> Sequence[Exception | None]:
        outcomes = await self.collection.insert(documents)
        if any(document["outbox"] for document in documents):
            self.collection.nudge.set()
        return outcomes


def _check_there(document: Document) -> None:
    if ERASED in document:
        raise Erased("This record was erased.")


def _of(tenant: str, where: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {**(where or {}), "tenant": tenant}
