"""What an erased person's referrals hold in services: the place is free, and stays so."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import structlog

from services.directory import domain
from services.directory.store import Stores, key
from shared.cause import Cause
from shared.errors import NotFound
from shared.events import PersonErased
from shared.ids import derived_id

log = structlog.get_logger("directory")


async def erase(stores: Stores, event: PersonErased, cause: Cause) -> None:
    """Release the places of these referrals for good.

    The directory never knew the person: what stays of a referral is an id that stands for
    no one, and counts of needs by month and district.
    """
    erasure = await stores.erasures.begin(event, cause)
    for service_id in erasure.service_ids:
        own = replace(cause, id=derived_id(cause.id, service_id))
        forget = partial(domain.forget, referral_ids=erasure.referral_ids, cause=own)
        try:
            await stores.services.update(key(event.tenant, service_id), forget, own, remember=False)
        except NotFound:
            log.info("service-not-known", service_id=service_id, event_type=event.type)
    done = replace(cause, id=derived_id(cause.id, "done"))
    await stores.erasures.finish(erasure, done, again=None)
