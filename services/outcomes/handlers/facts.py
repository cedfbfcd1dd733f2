"""What the facts heard from the referral service do to plans, in any order, however often."""

from __future__ import annotations

from services.outcomes import domain
from services.outcomes.domain import Alias, Plan
from services.outcomes.handlers import people
from services.outcomes.store import Stores
from shared.cause import Cause
from shared.events import (
    AppointmentEvent,
    ContactAttempted,
    PersonMerged,
    PersonUnmerged,
    ReferralCreated,
    ReferralEvent,
)
from shared.store import Change, Saved


async def open_plan(stores: Stores, event: ReferralCreated, cause: Cause) -> Saved[Plan]:
    """An intake opens the plan of its case, under whoever the person is known as by now."""
    saved = await stores.plans.insert(event.case_id, domain.open_plan(event), (), cause)
    # After the insert: a merge heard meanwhile finds the plan, one heard before is found here.
    await people.settle(stores, saved.state, cause)
    return saved


async def note_referral(stores: Stores, event: ReferralEvent, cause: Cause) -> Saved[Plan]:
    """Where a referral of the case stands. Raises NotFound before the case's intake was heard."""
    return await _note(stores, event, lambda plan: (domain.note_referral(plan, event), ()), cause)


async def note_appointment(stores: Stores, event: AppointmentEvent, cause: Cause) -> Saved[Plan]:
    """What became of a contact. Raises NotFound before the case's intake was heard."""
    return await _note(
        stores, event, lambda plan: (domain.note_appointment(plan, event), ()), cause
    )


async def note_attempt(stores: Stores, event: ContactAttempted, cause: Cause) -> Saved[Plan]:
    """A try to reach the person. Raises NotFound before the case's intake was heard."""
    return await _note(stores, event, lambda plan: (domain.note_attempt(plan, event), ()), cause)


async def note_merge(stores: Stores, event: PersonMerged | PersonUnmerged, cause: Cause) -> None:
    """Two records are one person, or were not after all: their cases are counted anew."""

    def noted(alias: Alias) -> tuple[Alias, tuple[()]]:
        return domain.note_merge(alias, event), ()

    blank = Alias(tenant=event.tenant, retired_id=event.retired_id)
    await stores.aliases.update(event.retired_id, noted, cause, remember=False, blank=blank)
    await people.settle_all(stores, event.retired_id, cause)


async def _note(
    stores: Stores, event: ReferralEvent, change: Change[Plan], cause: Cause
) -> Saved[Plan]:
    # Hearing a fact again changes nothing by itself, so its cause need not be remembered.
    return await stores.plans.update(event.case_id, change, cause, remember=False)
