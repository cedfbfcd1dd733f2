"""Doing something to a referral: the one way every command, fact and clock goes."""

from __future__ import annotations

from collections.abc import Callable

from services.referral.domain import clocks
from services.referral.domain.access import permit
from services.referral.domain.consequences import follow
from services.referral.domain.referral import Changed, Referral
from services.referral.handlers.looking import check_open
from services.referral.store import Stores
from shared.cause import Cause
from shared.store import Saved

Command = Callable[[Referral, Cause], Changed]


async def change(
    stores: Stores,
    referral_id: str,
    command: Command,
    cause: Cause,
    *,
    if_match: int | None = None,
) -> Saved[Referral]:
    """Do something to a referral that the policy lets the actor do; the rules are the command's.

    Raises NotFound, or Forbidden where the actor's part in it is another or the person's record
    is restricted to others.
    """
    known = await stores.referrals.get(referral_id, cause.actor.tenant)
    await check_open(stores, [known.state], cause)
    permit(known.state, cause.actor)

    def by_rule(referral: Referral, cause: Cause) -> Changed:
        permit(referral, cause.actor)
        return command(referral, cause)

    return await _apply(stores, referral_id, by_rule, cause, if_match=if_match)


async def change_by_fact(
    stores: Stores, referral_id: str, command: Command, cause: Cause
) -> Saved[Referral]:
    """What a fact leads to. ``command`` is idempotent by nature: the cause is not remembered."""
    return await _apply(stores, referral_id, command, cause, remember=False)


async def ring(stores: Stores, referral: Referral, cause: Cause) -> Saved[Referral]:
    """Do what is due about a referral by now; where nothing is any more, nothing is done."""
    rules = await stores.tenants.rules(referral.tenant)

    def by_clock(state: Referral, cause: Cause) -> Changed:
        return clocks.ring(state, cause, rules)

    return await _apply(stores, referral.id, by_clock, cause, remember=False)


async def _apply(
    stores: Stores,
    referral_id: str,
    command: Command,
    cause: Cause,
    *,
    if_match: int | None = None,
    remember: bool = True,
) -> Saved[Referral]:
    rules = await stores.tenants.rules(cause.actor.tenant)

    def with_consequences(referral: Referral) -> Changed:
        changed, events = command(referral, cause)
        return follow(referral, changed, events, cause, rules)

    return await stores.referrals.update(
        referral_id, with_consequences, cause, if_match=if_match, remember=remember
    )
