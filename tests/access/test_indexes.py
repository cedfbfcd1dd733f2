"""Every index that a request can use begins with the tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest

from deploy.contracts import NOWHERE, SERVICES
from shared.store import Index, Store

INTERNAL: Mapping[str, str] = {
    "master": "whoever changes the master key: keys wrapped by an old one, of every tenant",
    "outbox": "the relay's own: it sends what waits, of every tenant, and answers no request",
    "changed": "operations' own: what changed lately is compared for every tenant together",
    "due": "the clock workers' own: what falls due is claimed for every tenant together",
}
"""Indexes that no request uses, each with its reason."""


class Recorder:
    """Takes the place of a collection, and keeps what it was asked to index."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[Index] = []

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        self.asked += indexes


def indexes_of(service: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Index]]:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    stores: Any = import_module(f"services.{service}.app").create_app().state.stores
    found: dict[str, list[Index]] = {}
    for field in fields(stores):
        store = getattr(stores, field.name)
        if not isinstance(store, Store):
            continue
        recorder = Recorder(field.name)
        monkeypatch.setattr(store, "collection", recorder)
        asyncio.run(store.ensure_indexes())
        found[field.name] = recorder.asked
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_index_begins_with_the_tenant(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = indexes_of(service, monkeypatch)
    assert sum(map(len, kept.values())) > 4
    wrong = [
        f"{store}.{index.name}: {index.keys}"
        for store, indexes in kept.items()
        for index in indexes
        if index.name not in INTERNAL and index.keys[0][0] != "tenant"
    ]
    assert not wrong, "\n".join(wrong)
