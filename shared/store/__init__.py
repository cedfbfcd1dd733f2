"""One document is the atomic unit: state, unsent events and applied causes change in one write.

``Store`` is what a service builds on; ``Database`` (MongoDB) and ``Memory`` (the fake
with the same contract) provide its collections. The MongoDB driver is imported in
``mongo``, ``book`` and ``answering`` alone, so that changing it stays a small change.
"""

from shared.store.collection import Collection
from shared.store.data_keys import DataKey, DataKeys
from shared.store.documents import (
    SLOTS,
    Addition,
    DueStats,
    Duplicate,
    HistoryEntry,
    Index,
    Page,
    Saved,
    Step,
    Unsent,
    UnsentStats,
)
from shared.store.fold import Change
from shared.store.memory import Memory
from shared.store.mongo import Database, Refused
from shared.store.sealed import ERASED, Seals
from shared.store.store import Store

__all__ = [
    "ERASED",
    "SLOTS",
    "Addition",
    "Change",
    "Collection",
    "DataKey",
    "DataKeys",
    "Database",
    "DueStats",
    "Duplicate",
    "HistoryEntry",
    "Index",
    "Memory",
    "Page",
    "Refused",
    "Saved",
    "Seals",
    "Step",
    "Store",
    "Unsent",
    "UnsentStats",
]
