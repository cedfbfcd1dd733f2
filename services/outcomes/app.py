"""Outcomes, put together."""

from __future__ import annotations

from fastapi import FastAPI

from services.outcomes import api
from services.outcomes.consumers import consumer
from services.outcomes.settings import Settings
from services.outcomes.store import Aliases, Instruments, Plans, Stores
from shared.events import ALL_EVENTS, OutcomeEvent
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    runtime = Runtime(settings or Settings.model_validate({}))
    return runtime.app(
        title="Linkway outcomes",
        summary="What matters to a person, what they aim for, and how it goes.",
        stores=Stores(
            plans=Plans(runtime.collection("plans")),
            aliases=Aliases(runtime.collection("aliases")),
            instruments=Instruments(runtime.collection("instruments")),
        ),
        routers=api.routers,
        consumers=[consumer],
        publishes=[event for event in ALL_EVENTS if event.topic == OutcomeEvent.topic],
    )
