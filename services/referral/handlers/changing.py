"""Doing something to a referral: the one way every command goes."""

from __future__ import annotations

from collections.abc import Callable

from services.referral.domain.disclosure import sight
from services.referral.domain.referral import Changed, Referral
from services.referral.store import Stores
from shared.cause import Cause
from shared.store import Saved


async def change(
    stores: Stores,
    referral_id: str,
    command: Callable[[Referral, Cause], Changed],
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[Referral]:
    """Do something to a referral the actor may know of; the rules are the command's."""

    def by_rule(referral: Referral) -> Changed:
        sight(referral, cause.actor)
        return command(referral, cause)

    return await stores.referrals.update(referral_id, by_rule, cause, if_match=if_match)
