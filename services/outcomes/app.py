"""Outcomes, put together."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from services.outcomes import api
from services.outcomes.api import about
from services.outcomes.consumers import consumer, reports_consumer
from services.outcomes.domain.policy import POLICY
from services.outcomes.domain.scopes import SCOPES
from services.outcomes.handlers.counting import keep_counting
from services.outcomes.handlers.recounting import recount_due
from services.outcomes.projections import make_stores, rebuildable
from services.outcomes.settings import Settings
from shared.events import ALL_EVENTS, OutcomeEvent
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    settings = settings or Settings.model_validate({})
    runtime = Runtime(settings)
    keys = runtime.data_keys(settings)
    stores = make_stores(runtime.collection, keys)
    return runtime.app(
        title="Linkway outcomes",
        summary="What matters to a person, what they aim for, and how it goes.",
        description=about.DESCRIPTION,
        tags=about.TAGS,
        policy=POLICY,
        stores=stores,
        routers=api.routers,
        scopes=SCOPES,
        consumers=[consumer, reports_consumer],
        rebuildable=rebuildable(keys),
        workers=[
            lambda: keep_counting(stores, runtime.clock.now, between=partial(recount_due, stores))
        ],
        publishes=[event for event in ALL_EVENTS if event.topic == OutcomeEvent.topic],
    )
