"""Whether what was acknowledged, published and applied is the same: by id, not by count alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from services.console.demo.figures import Figures
from services.console.demo.ledger import Ledger
from services.console.demo.settling import UnderWay
from services.console.demo.stores import Stored
from services.console.demo.subscribers import Subscription
from services.console.demo.topics import Published
from shared.events import (
    AppointmentAttended,
    AppointmentMissed,
    Event,
    GoalUpdated,
    ReferralConsentWithdrawn,
    ReferralCreated,
)

_SETTLED = frozenset({"delivered", "cancelled"})
"""A message is cancelled where consent was withdrawn before it went."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the receivers took: ids of webhooks with a good signature, ids of mails."""

    verified: AbstractSet[str]
    refused: int
    again: int
    mails: AbstractSet[str]
    texts: AbstractSet[str] = frozenset()
    """References of text messages and letters, as GOV.UK Notify's stand-in took them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was counted, each by its own witness."""

    ledger: Ledger
    subscriptions: Sequence[Subscription]
    stored: Stored
    published: Published
    dead_letters: int
    figures: Mapping[str, Figures]
    listening: Mapping[str, AbstractSet[str]]
    told: Told
    waiting: UnderWay

    @property
    def applied(self) -> Mapping[str, Counter[str]]:
        """What each consumer of the platform has applied, by event type."""
        return {
            consumer: counts
            for figures in self.figures.values()
            for consumer, counts in figures.applied.items()
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """Ids that must be the same at each of several stages."""

    what: str
    stages: Mapping[str, AbstractSet[object]]

    @property
    def agrees(self) -> bool:
        """Whether they are."""
        first, *others = self.stages.values()
        return all(first == other for other in others)

    def __str__(self) -> str:
        counts = ", ".join(f"{len(ids):,} {stage}" for stage, ids in self.stages.items())
        same = len({len(ids) for ids in self.stages.values()}) == 1
        return f"{self.what}: {counts}{', but not the same ones' if same else ''}."


def agreements(evidence: Evidence) -> Sequence[Agreement]:
    """What must agree, in the order it is shown."""
    ledger, stored = evidence.ledger, evidence.stored
    events = evidence.published.events.values()
    plans = stored.plans.values()
    cases = stored.referrals.values()
    due = due_messages(evidence.published.events, evidence.subscriptions)
    messages = stored.deliveries.values()
    return (
        Agreement(
            "Referrals",
            {
                "acknowledged": ledger.referrals,
                "stored": set(stored.referrals),
                "published": {
                    each.referral_id for each in events if isinstance(each, ReferralCreated)
                },
                "applied": {referral for plan in plans for referral in plan.referrals},
            },
        ),
        Agreement(
            "Appointments",
            {
                "acknowledged": ledger.contacts,
                "stored": {contact for case in cases for contact in case.contacts},
                "published": {
                    each.appointment_id
                    for each in events
                    if isinstance(each, AppointmentAttended | AppointmentMissed)
                },
                "applied": {contact for plan in plans for contact in plan.contacts},
            },
        ),
        Agreement(
            "Goals",
            {
                "acknowledged": ledger.goals,
                "stored": {goal for plan in plans for goal in plan.goals},
                "published": {each.goal_id for each in events if isinstance(each, GoalUpdated)},
                "applied": {goal for case in cases for goal in case.goals},
            },
        ),
        Agreement("Places held", {"acknowledged": ledger.places, "applied": stored.places}),
        Agreement(
            "Messages due",
            {
                "published": due,
                "stored": {(each.event_id, each.subscription_id) for each in messages},
                "applied": {
                    (each.event_id, each.subscription_id)
                    for each in messages
                    if each.status in _SETTLED
                },
            },
        ),
    )


def receipts(evidence: Evidence) -> Sequence[Agreement]:
    """What notifications says was delivered, and what the receivers say they took."""
    delivered = {
        channel: {
            id_
            for id_, each in evidence.stored.deliveries.items()
            if (each.channel, each.status) == (channel, "delivered")
        }
        for channel in ("webhook", "email")
    }
    persons = {
        kind: {
            id_
            for id_, each in evidence.stored.person_messages.items()
            if each.handed_over and (each.channel == "email") == (kind == "email")
        }
        for kind in ("email", "text")
    }
    return (
        Agreement(
            "Webhooks", {"delivered": delivered["webhook"], "verified": evidence.told.verified}
        ),
        Agreement(
            "Mails",
            {"delivered": delivered["email"] | persons["email"], "taken": evidence.told.mails},
        ),
        Agreement(
            "Texts and letters", {"delivered": persons["text"], "taken": evidence.told.texts}
        ),
    )


def due_messages(
    events: Mapping[str, Event], subscriptions: Sequence[Subscription]
) -> AbstractSet[tuple[str, str]]:
    """Which event is to be told to which subscription: it is a party's, and asked for it.

    That consent was withdrawn is told unasked.
    """
    of_organisation: dict[str, list[Subscription]] = {}
    for subscription in subscriptions:
        of_organisation.setdefault(subscription.organisation, []).append(subscription)
    return {
        (event_id, subscription.id)
        for event_id, event in events.items()
        for party in event.parties
        for subscription in of_organisation.get(party, ())
        if event.type in subscription.event_types or isinstance(event, ReferralConsentWithdrawn)
    }


def faults(evidence: Evidence) -> Sequence[str]:
    """What is not as it must be, each in a plain sentence; nothing where all is well."""
    found = [f"Not everything settled in time: {evidence.waiting}."] * (
        not evidence.waiting.nothing
    )
    found += _broken(evidence.ledger.broken)
    found += [
        f"Does not agree: {each}"
        for each in (*agreements(evidence), *receipts(evidence))
        if not each.agrees
    ]
    found += _unpublished(evidence)
    found += _unapplied(evidence)
    if evidence.dead_letters:
        found.append(f"Dead letters, events that could not be applied: {evidence.dead_letters:,}.")
    if evidence.told.refused:
        found.append(f"Webhooks without a good signature: {evidence.told.refused:,}.")
    return found


def _broken(sentences: Sequence[str]) -> Sequence[str]:
    if not sentences:
        return []
    (most, times), *_ = Counter(sentences).most_common(1)
    return [f"Journeys that broke off: {len(sentences):,}; {times:,} of them as {most}."]


def _unpublished(evidence: Evidence) -> Sequence[str]:
    """Event types of which more lie on the topics than the relays say they published."""
    there = Counter(event.type for event in evidence.published.events.values())
    said = sum((each.published for each in evidence.figures.values()), Counter[str]())
    return [
        f"Does not agree: {said[kind]:,} {kind} published by the relays' count, {count:,} on the "
        "topic."
        for kind, count in sorted(there.items())
        if said[kind] < count
    ]


def _unapplied(evidence: Evidence) -> Sequence[str]:
    """Event types of which a consumer has applied fewer than there are."""
    applied, nothing = evidence.applied, Counter[str]()
    there = Counter(event.type for event in evidence.published.events.values())
    return [
        f"Does not agree: {there[kind]:,} {kind} published, "
        f"{applied.get(consumer, nothing)[kind]:,} applied by {consumer}."
        for consumer, kinds in evidence.listening.items()
        for kind in sorted(kinds)
        if applied.get(consumer, nothing)[kind] < there[kind]
    ]


def to_last_effect(stored: Stored) -> Sequence[timedelta]:
    """For each referral, from its request to the last effect that has a time, shortest first.

    That is the plan opened (for an intake) or the last message about the referral's making
    taken by its receiver, whichever came later.
    """
    ends = {
        id_: [stored.plans[id_].opened_at] if id_ in stored.plans else []
        for id_ in stored.referrals
    }
    for each in stored.deliveries.values():
        if each.event_type == ReferralCreated.type and each.ended_at:
            ends.get(each.event_subject, []).append(each.ended_at)
    return sorted(
        max(ends[id_]) - each.received_at for id_, each in stored.referrals.items() if ends[id_]
    )


def percentile(ordered: Sequence[timedelta], percent: float) -> timedelta:
    """The smallest of them that so many percent do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
