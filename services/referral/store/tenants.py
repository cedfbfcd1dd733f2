"""The times and limits of each tenant: one small document each, read with every change."""

from __future__ import annotations

import time

from pydantic import BaseModel, ConfigDict

from services.referral.domain.retention import DEFAULT as RETENTION
from services.referral.domain.retention import RetentionRules
from services.referral.domain.rules import DEFAULT, Rules
from shared.errors import NotFound
from shared.store import Collection, Store

_AGE = 5.0
"""Seconds a tenant's rules are used from memory: a change of them counts within that time."""


class Tenant(BaseModel):
    """A tenant's rules, where it has stated any."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    rules: Rules = DEFAULT
    retention: RetentionRules = RETENTION


class Tenants(Store[Tenant]):
    """One document per tenant that has stated rules of its own; its id is the tenant's."""

    model = Tenant
    listed = False
    unaudited = "rules of a tenant"

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._recent: dict[str, tuple[float, Rules]] = {}

    async def rules(self, tenant: str) -> Rules:
        """The rules the tenant works by, at most a few seconds old."""
        held = self._recent.get(tenant)
        if held is not None and time.monotonic() - held[0] < _AGE:
            return held[1]
        try:
            rules = (await self.get(tenant, tenant)).state.rules
        except NotFound:
            rules = DEFAULT
        self._recent[tenant] = (time.monotonic(), rules)
        return rules

    async def retention(self, tenant: str) -> RetentionRules:
        """For how long the tenant keeps records."""
        try:
            return (await self.get(tenant, tenant)).state.retention
        except NotFound:
            return RETENTION

    def forget(self, tenant: str) -> None:
        """This tenant's rules were just written."""
        self._recent.pop(tenant, None)
