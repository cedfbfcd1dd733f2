"""The directory, put together."""

from __future__ import annotations

from fastapi import FastAPI

from services.directory import api
from services.directory.consumers import consumer
from services.directory.settings import Settings
from services.directory.store import Districts, Organisations, Services, Stores
from shared.events import ALL_EVENTS, DirectoryEvent
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    runtime = Runtime(settings or Settings.model_validate({}))
    return runtime.app(
        title="Linkway directory",
        summary="Which community services there are, and how many places they have free.",
        stores=Stores(
            services=Services(runtime.collection("services")),
            organisations=Organisations(runtime.collection("organisations")),
            districts=Districts(runtime.collection("districts")),
        ),
        routers=api.routers,
        consumer=consumer,
        publishes=[event for event in ALL_EVENTS if event.topic == DirectoryEvent.topic],
    )
