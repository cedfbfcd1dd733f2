"""The referral service, put together."""

from __future__ import annotations

from fastapi import FastAPI

from services.referral import api
from services.referral.consumers import consumer
from services.referral.settings import Settings
from services.referral.store import Listings, Persons, Referrals, Stores
from shared.events import ALL_EVENTS, ReferralEvent
from shared.runtime import Runtime


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service as an application; settings come from the environment unless given."""
    runtime = Runtime(settings or Settings.model_validate({}))
    return runtime.app(
        title="Linkway referral",
        summary="Who was referred to what, and what became of it.",
        stores=Stores(
            referrals=Referrals(runtime.collection("referrals")),
            persons=Persons(runtime.collection("persons")),
            listings=Listings(runtime.collection("listings")),
        ),
        routers=api.routers,
        consumer=consumer,
        publishes=[event for event in ALL_EVENTS if event.topic == ReferralEvent.topic],
    )
