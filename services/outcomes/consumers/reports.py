"""What reports hear: a consumer group of its own, which can be built anew from the beginning."""

from __future__ import annotations

from dataclasses import replace

from services.outcomes.domain import reports
from services.outcomes.domain.reports import Case, Tree
from services.outcomes.domain.reports.facts import COUNTED_CONTACTS
from services.outcomes.domain.statuses import REFERRAL_STATUSES
from services.outcomes.handlers import reporting
from services.outcomes.handlers.tracks import facts_without_case
from services.outcomes.store import Stores
from shared.bus import Consumer
from shared.cause import Cause
from shared.events import (
    AppointmentEvent,
    AssessmentAmended,
    AssessmentCompleted,
    CaseProfiled,
    GoalUpdated,
    MeasureRecorded,
    NeedUnmet,
    OrganisationChanged,
    OutcomeEvent,
    PersonErased,
    ReferralEvent,
)
from shared.ids import derived_id
from shared.store import Saved

consumer = Consumer[Stores]("outcomes-reports", in_any_order=True)

consumer.leaves_tracks(*REFERRAL_STATUSES, CaseProfiled)(facts_without_case)


@consumer.on(*REFERRAL_STATUSES)
async def referral_moved(event: ReferralEvent, cause: Cause, stores: Stores) -> Saved[Case]:
    """Where each referral of the case stands."""
    return await reporting.note_referral(stores, event, cause)


@consumer.on(*COUNTED_CONTACTS)
async def contact_told(event: AppointmentEvent, cause: Cause, stores: Stores) -> Saved[Case]:
    """What became of each contact."""
    return await reporting.note(
        stores, event.case_id, lambda case: reports.note_contact(case, event), cause
    )


@consumer.on(CaseProfiled)
async def case_profiled(event: CaseProfiled, cause: Cause, stores: Stores) -> Saved[Case]:
    """The groups the case is counted under."""
    return await reporting.note(
        stores, event.case_id, lambda case: reports.note_profile(case, event), cause
    )


@consumer.on(AssessmentCompleted, AssessmentAmended)
async def assessed(event: OutcomeEvent, cause: Cause, stores: Stores) -> Saved[Case]:
    """The needs that were found."""
    return await reporting.note(
        stores, event.case_id, lambda case: reports.note_assessment(case, event), cause
    )


@consumer.on(GoalUpdated)
async def goal_updated(event: GoalUpdated, cause: Cause, stores: Stores) -> Saved[Case]:
    """Where each goal stands."""
    return await reporting.note(
        stores, event.case_id, lambda case: reports.note_goal(case, event), cause
    )


@consumer.on(MeasureRecorded)
async def measure_recorded(event: MeasureRecorded, cause: Cause, stores: Stores) -> Saved[Case]:
    """Which way wellbeing went."""
    return await reporting.note_measure(stores, event, cause)


@consumer.on(NeedUnmet)
async def need_unmet(event: NeedUnmet, cause: Cause, stores: Stores) -> Saved[Case]:
    """A search that found nothing."""
    return await reporting.note(
        stores, f"unmet-{event.unmet_id}", lambda case: reports.note_unmet(case, event), cause
    )


@consumer.on(OrganisationChanged)
async def organisation_changed(
    event: OrganisationChanged, cause: Cause, stores: Stores
) -> Saved[Tree]:
    """Which network a practice is part of."""
    return await reporting.note_belonging(stores, event, cause)


@consumer.on(PersonErased)
async def person_erased(event: PersonErased, cause: Cause, stores: Stores) -> None:
    """The person's cases are told apart no more; built anew, reports count them no more."""
    for case_id in event.case_ids:
        own = replace(cause, id=derived_id(cause.id, case_id))
        await reporting.note(stores, case_id, reports.forget, own)
