"""Every store says whom its records are about, or why they are about nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest

from deploy.contracts import NOWHERE, SERVICES
from shared.store import Store

# By hand: which collections hold something about persons, and so are audited.
AUDITED = {
    "referral": {
        "referrals",
        "persons",
        "notes",
        "sessions",
        "concerns",
        "erasures",
        "overrides",
    },
    "directory": set[str](),
    "outcomes": {"plans", "aliases", "cases"},
    "notifications": {"deliveries", "messages_back", "person_messages", "person_marks"},
}


def _kinds(of: type[Store[Any]] = Store) -> Iterator[type[Store[Any]]]:
    for each in of.__subclasses__():
        if each.__module__.startswith(("services.", "shared.")):
            yield each
        yield from _kinds(each)


def _stores(service: str, patch: pytest.MonkeyPatch) -> dict[str, Store[Any]]:
    for name, value in NOWHERE.items():
        patch.setenv(name, value)
    stores = import_module(f"services.{service}.app").create_app().state.stores
    kept = (getattr(stores, each.name) for each in fields(stores))
    return {store.collection.name: store for store in kept if isinstance(store, Store)}


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_kept_about_persons_is_audited(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = _stores(service, monkeypatch)
    audited = {name for name, store in stores.items() if store.witness is not None}
    assert audited == AUDITED[service]


def test_every_store_there_is_says_whom_it_is_about_or_why_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for service in SERVICES:
        _stores(service, monkeypatch)
    kinds = set(_kinds())
    assert len(kinds) > 20
    for kind in kinds:
        says_whom = kind.about is not Store.about
        assert says_whom != bool(kind.unaudited), kind
