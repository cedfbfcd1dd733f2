"""A tenant's own times and limits."""

from __future__ import annotations

from services.referral.domain.rules import Rules
from services.referral.store import Stores, Tenant
from shared.cause import Actor, Cause
from shared.errors import NotFound
from shared.store import Duplicate, Saved


async def rules_of(stores: Stores, actor: Actor) -> tuple[int, Rules]:
    """The tenant's rules and their version, 0 where it works by the defaults."""
    try:
        saved = await stores.tenants.get(actor.tenant, actor.tenant)
    except NotFound:
        return 0, Rules()
    return saved.version, saved.state.rules


async def put_rules(
    stores: Stores, rules: Rules, cause: Cause, *, if_match: int | None
) -> Saved[Tenant]:
    """State the tenant's rules. A clock that runs already goes by them from its next change."""
    tenant = cause.actor.tenant
    stated = Tenant(tenant=tenant, rules=rules)
    try:
        saved = await stores.tenants.insert(tenant, stated, [], cause)
    except Duplicate:
        saved = await stores.tenants.update(
            tenant, lambda _: (stated, []), cause, if_match=if_match
        )
    stores.tenants.forget(tenant)
    return saved
