"""Safeguarding concerns: written at once, read by few, needing nothing but the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from services.referral.domain import safeguarding
from services.referral.domain.access import permit_concern
from services.referral.domain.safeguarding import Closure, Concern
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.errors import FieldError, Invalid, NotFound
from shared.store import Saved

_MOST_ALERTS = 200


async def raise_concern(stores: Stores, concern: Concern, cause: Cause) -> Saved[Concern]:
    """Keep a concern. Raises Invalid where no such person is on record."""
    try:
        await stores.persons.get(concern.person_id, concern.tenant)
    except NotFound:
        raise Invalid(
            "The concern is about nobody on record.",
            errors=(FieldError("/person_id", "must be the id of a person known here"),),
        ) from None
    return await stores.concerns.insert(concern.id, concern, [], cause)


async def read_concern(stores: Stores, concern_id: str, actor: Actor) -> Saved[Concern]:
    """A concern, for its lead and its author; NotFound for anyone else."""
    saved = await stores.concerns.get(concern_id, actor.tenant)
    permit_concern(saved.state, actor)
    return saved


async def close_concern(
    stores: Stores,
    concern_id: str,
    cause: Cause,
    *,
    outcome_code: Closure,
    note: str,
    if_match: int | None,
) -> Saved[Concern]:
    """The lead has dealt with it."""
    command = partial(safeguarding.close, cause=cause, outcome_code=outcome_code, note=note)
    return await stores.concerns.update(
        concern_id,
        command,
        cause,
        if_match=if_match,
        check=lambda concern: permit_concern(concern, cause.actor),
    )


async def alerts(stores: Stores, actor: Actor) -> Sequence[Saved[Concern]]:
    """The open concerns that the actor leads on."""
    return await stores.concerns.open_for(actor, most=_MOST_ALERTS)
