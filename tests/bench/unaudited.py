"""The referral service without its audit: what the audit's cost is measured against.

No setting does this: a service that keeps persons cannot be told to keep no audit.
"""

from __future__ import annotations

from dataclasses import fields

from fastapi import FastAPI

from services.referral import app
from shared.store import Store


def create_app() -> FastAPI:
    """The same application; its stores have no witness, its requests leave no trail."""
    made = app.create_app()
    stores = made.state.stores
    for store in (getattr(stores, field.name) for field in fields(stores)):
        if isinstance(store, Store):
            store.witness = None
    for layer in made.user_middleware:
        if "journal" in layer.kwargs:
            layer.kwargs["journal"] = None
    return made
