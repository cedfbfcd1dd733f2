"""A tenant's own times and limits."""

from __future__ import annotations

from pydantic import BaseModel

from services.referral.domain.retention import RetentionRules
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
    saved = await _state(stores, cause, if_match, rules=rules)
    stores.tenants.forget(cause.actor.tenant)
    return saved


async def retention_of(stores: Stores, actor: Actor) -> tuple[int, RetentionRules]:
    """For how long the tenant keeps records, and the version of that, 0 for the defaults."""
    try:
        saved = await stores.tenants.get(actor.tenant, actor.tenant)
    except NotFound:
        return 0, RetentionRules()
    return saved.version, saved.state.retention


async def put_retention(
    stores: Stores, rules: RetentionRules, cause: Cause, *, if_match: int | None
) -> Saved[Tenant]:
    """State for how long the tenant keeps records."""
    return await _state(stores, cause, if_match, retention=rules)


async def _state(
    stores: Stores, cause: Cause, if_match: int | None, **stated: BaseModel
) -> Saved[Tenant]:
    tenant = cause.actor.tenant
    try:
        first = Tenant.model_validate({"tenant": tenant, **stated})
        return await stores.tenants.insert(tenant, first, [], cause)
    except Duplicate:
        return await stores.tenants.update(
            tenant, lambda known: (known.model_copy(update=stated), []), cause, if_match=if_match
        )
