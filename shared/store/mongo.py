"""A MongoDB: connected to, asked for its collections, its audit and its commands.

The driver is imported here, in ``mongo_collection``, ``book`` and ``answering`` alone. Motor
gets critical fixes only until 14 May 2027 (MongoDB's notice); the change to PyMongo Async touches
these files alone, see ``docs/decisions.md``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from shared.store.answering import answering
from shared.store.book import MongoBook
from shared.store.documents import Document
from shared.store.mongo_collection import IN_UTC, MongoCollection

AUDIT_SUFFIX = "-audit"
"""After a database's name: where its audit is, to which its user may only add."""


_REFUSED = frozenset({13, 18, 8000})
"""Unauthorized and AuthenticationFailed, and what Atlas says for them."""


class Refused(Exception):
    """The database does not let this user do that; trying again changes nothing.

    ``code`` is MongoDB's own: 13 for no right to it, 18 for not being who one says.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(f"MongoDB refuses it, with code {code}.")
        self.code = code


class Database:
    """A service's own database. Writes are acknowledged by a majority, from the journal."""

    def __init__(self, client: AsyncIOMotorClient[Document], name: str) -> None:
        self._client = client
        self._database = self._open(name)
        self._audit = self._open(f"{name}{AUDIT_SUFFIX}")
        self._collections: dict[str, MongoCollection] = {}

    @classmethod
    def connect(
        cls,
        uri: str,
        name: str,
        *,
        ca_file: str | None = None,
        certificate_file: str | None = None,
    ) -> Database:
        """A database at this address; nothing is sent before the first use.

        ``ca_file`` turns TLS on, by authorities of one's own; ``certificate_file`` shows the
        client's own certificate. The server's name is always checked.
        """
        tls: dict[str, Any] = {"tls": True, "tlsCAFile": ca_file} if ca_file else {}
        if certificate_file:
            tls["tlsCertificateKeyFile"] = certificate_file
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri,
            appname="linkway",
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            socketTimeoutMS=20_000,
            waitQueueTimeoutMS=5_000,
            maxPoolSize=20,
            **tls,
        )
        return cls(client, name)

    @property
    def name(self) -> str:
        """The database's name."""
        return self._database.name

    def collection(self, name: str) -> MongoCollection:
        """One collection; the same object each time, as its writers share a nudge."""
        if name not in self._collections:
            self._collections[name] = MongoCollection(self._database[name])
        return self._collections[name]

    def book(self) -> MongoBook:
        """Where the audit of this service is kept: a database of its own."""
        return MongoBook(self._audit["sheets"])

    async def ping(self) -> None:
        """Raise Unavailable unless a primary answers."""
        await self.command({"ping": 1})

    async def command(
        self, command: Mapping[str, Any], *, database: str | None = None
    ) -> Mapping[str, Any]:
        """Run a server command and give its answer; for set-up and checks.

        Raises Refused where this user may not, or is not who it says.
        """
        target = self._database if database is None else self._client[database]
        async with answering():
            try:
                answer: Mapping[str, Any] = await target.command(
                    dict(command), codec_options=IN_UTC
                )
            except OperationFailure as error:
                if error.code in _REFUSED:
                    raise Refused(error.code) from None
                raise
            return answer

    async def index_names(self, collection: str) -> frozenset[str]:
        """The names of a collection's indexes."""
        async with answering():
            return frozenset(await self._database[collection].index_information())

    async def drop(self) -> None:
        """Delete all of it, with its audit; for tests and demos."""
        async with answering():
            for database in (self._database, self._audit):
                await self._client.drop_database(database.name)

    def _open(self, name: str) -> AsyncIOMotorDatabase[Document]:
        return self._client.get_database(
            name,
            codec_options=IN_UTC,
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern(w="majority", j=True, wtimeout=10_000),
            read_concern=ReadConcern("majority"),
        )

    async def drop_collection(self, name: str) -> None:
        """Delete a collection, if there is such a one."""
        async with answering():
            await self._database.drop_collection(name)

    async def replace_collection(self, name: str, by: str) -> None:
        """Put collection ``by`` in the place of ``name``, which is deleted: at one moment."""
        async with answering():
            await self._database[by].rename(name, dropTarget=True)

    async def collection_names(self) -> frozenset[str]:
        """The collections there are."""
        async with answering():
            return frozenset(await self._database.list_collection_names())

    async def close(self) -> None:
        """Close all connections."""
        self._client.close()
        await asyncio.sleep(0)
