"""The referral service, put together."""

from __future__ import annotations

from datetime import timedelta

from fastapi import FastAPI

from services.referral import api, handlers
from services.referral.api import about
from services.referral.clockwork import Clockwork
from services.referral.consumers import consumer
from services.referral.domain.policy import POLICY
from services.referral.domain.scopes import SCOPES
from services.referral.projections import REBUILDABLE
from services.referral.settings import Settings
from services.referral.store import (
    Concerns,
    Erasures,
    Listings,
    Notes,
    Overrides,
    Persons,
    Referrals,
    Sessions,
    Stores,
    Teams,
    Tenants,
)
from shared.events import ALL_EVENTS, ReferralEvent
from shared.links import Links
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    settings = settings or Settings.model_validate({})
    runtime = Runtime(settings)
    keys = runtime.data_keys(settings)
    stores = Stores(
        referrals=Referrals(runtime.collection("referrals"), keys),
        persons=Persons(runtime.collection("persons"), keys),
        listings=Listings(runtime.collection("listings")),
        sessions=Sessions(runtime.collection("sessions")),
        tenants=Tenants(runtime.collection("tenants")),
        teams=Teams(runtime.collection("teams")),
        notes=Notes(runtime.collection("notes"), keys),
        concerns=Concerns(runtime.collection("concerns"), keys),
        erasures=Erasures(runtime.collection("erasures"), keys),
        person_keys=keys,
        overrides=Overrides(runtime.collection("overrides"), keys),
    )
    clocks = Clockwork(
        stores, runtime.clock.now, poll=timedelta(seconds=settings.clock_poll_seconds)
    )
    app = runtime.app(
        title="Linkway referral",
        summary="Who was referred to what, and what became of it.",
        description=about.DESCRIPTION,
        tags=about.TAGS,
        policy=POLICY,
        stores=stores,
        routers=api.routers,
        scopes=SCOPES,
        consumers=[consumer],
        rebuildable=REBUILDABLE,
        workers=[
            clocks.run,
            handlers.watch_concerns(stores, runtime.clock.now, runtime.telemetry.registry),
        ],
        publishes=[event for event in ALL_EVENTS if event.topic == ReferralEvent.topic],
    )
    app.state.links = Links(settings.link_keys, settings.public_url)
    return app
