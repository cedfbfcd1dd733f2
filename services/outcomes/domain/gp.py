"""Contacts with the practice before and after, where the practice supplies them."""

from __future__ import annotations

from services.outcomes.domain.commands import RecordGpContacts
from services.outcomes.domain.plan import Changed, GpContacts, Plan
from shared.cause import Cause


def record_gp_contacts(plan: Plan, command: RecordGpContacts, cause: Cause) -> Changed:
    """Keep the counts, in place of those kept before; the same counts again change nothing."""
    known = plan.gp_contacts
    if known is not None and command == RecordGpContacts(
        before=known.before, after=known.after, months=known.months
    ):
        return plan, ()
    counts = GpContacts(
        **command.model_dump(),
        recorded_at=cause.at,
        recorded_by_organisation=cause.actor.organisation,
    )
    return plan.model_copy(update={"gp_contacts": counts}), ()
