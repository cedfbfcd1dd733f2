"""Every service says of each of its collections whether, and why not, it can be rebuilt."""

from __future__ import annotations

from importlib import import_module

import pytest

from deploy.contracts import NOWHERE, SERVICES
from shared.rebuild import Rebuildable
from shared.store import Store


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_a_service_keeps_is_forgotten(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    app = import_module(f"services.{service}.app").create_app()
    said = app.state.rebuilder.rebuildable
    assert isinstance(said, Rebuildable)

    stores = app.state.stores
    kept = {
        getattr(stores, name).collection.name
        for name in stores.__dataclass_fields__
        if isinstance(getattr(stores, name), Store)
    }
    projected = {name for each in said.projections for name in each.collections}
    assert projected | set(said.others) == kept
    assert not projected & set(said.others)
