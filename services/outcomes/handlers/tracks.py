"""Which facts left no effect in the plans or the reports' cases; asked long after, only read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from services.outcomes.store import Stores
from shared.events import AppointmentEvent, CaseEvent, ReferralEvent

CaseT = TypeVar("CaseT", bound=CaseEvent)


async def facts_without_plan(
    events: Mapping[str, ReferralEvent], stores: Stores
) -> Collection[str]:
    """Referrals and contacts that their case's plan does not know."""
    missing = []
    for tenant, of_tenant in _by_tenant(events).items():
        cases = sorted({event.case_id for event in of_tenant.values()})
        plans = await stores.plans.get_many(cases, tenant)
        erased = await stores.plans.gone([each for each in cases if each not in plans], tenant)
        for event_id, event in of_tenant.items():
            if event.case_id in erased:
                continue
            plan = plans.get(event.case_id)
            if (
                plan is None
                or event.referral_id not in plan.state.referrals
                or (
                    isinstance(event, AppointmentEvent)
                    and event.appointment_id not in plan.state.attendance
                )
            ):
                missing.append(event_id)
    return missing


async def facts_without_case(events: Mapping[str, CaseEvent], stores: Stores) -> Collection[str]:
    """Facts of cases that the reports do not know."""
    missing = []
    for tenant, of_tenant in _by_tenant(events).items():
        cases = sorted({event.case_id for event in of_tenant.values()})
        known = await stores.cases.get_many(cases, tenant)
        missing += [id_ for id_, event in of_tenant.items() if event.case_id not in known]
    return missing


def _by_tenant(events: Mapping[str, CaseT]) -> Mapping[str, dict[str, CaseT]]:
    found: dict[str, dict[str, CaseT]] = {}
    for event_id, event in events.items():
        found.setdefault(event.tenant, {})[event_id] = event
    return found
