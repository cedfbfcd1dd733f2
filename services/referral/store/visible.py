"""Which referrals an actor may find: the policy's relations as a filter of the query itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from services.referral.domain.access import PART
from services.referral.domain.consent import withdrawn_at
from services.referral.domain.disclosure import practice_left
from services.referral.domain.lifecycle import Status
from services.referral.domain.person import Person
from services.referral.domain.policy import LIST, POLICY, Is, Sight
from shared.cause import Actor
from shared.policy import TENANT

_NO_DRAFT: Mapping[str, Any] = {"state.status": {"$ne": Status.DRAFT.value}}
_WHOSE = {
    Is.REFERRER: "state.referrer_organisation_id",
    Is.PRACTICE: "state.source_organisation_id",
    Is.TEAM: "state.team_organisation_id",
}


def visible_to(actor: Actor) -> Mapping[str, Any]:
    """The filter for referrals an actor may know of, as ``access.relations`` has it."""
    return _any_of(_clauses(actor, POLICY.relations(actor, LIST)))


def visible_with_person(actor: Actor, person: Person, at: datetime) -> Mapping[str, Any] | None:
    """The filter for this person's referrals of which the actor sees whose they are.

    As ``access.sight`` and ``disclosure.disclosed`` have it; None where there can be none.
    """
    granted = POLICY.relations(actor, LIST)
    clauses = _clauses(actor, [name for name, sees in granted.items() if sees != Sight.HAPPENED])
    if not clauses:
        return None
    if _PROVIDER in clauses:
        since = withdrawn_at(person, actor.organisation)
        clauses[_PROVIDER] = {
            **clauses[_PROVIDER],
            "state.consent.withdrawn_at": None,
            **({} if since is None else {"facets.consented_at": {"$gt": since}}),
        }
    left = practice_left(person, at)
    if left is None:
        return _any_of(clauses)
    ended = {
        _WHOSE[Is.PRACTICE]: actor.organisation,
        _WHOSE[Is.TEAM]: {"$ne": actor.organisation},
        "facets.consented_at": {"$lte": left},
    }
    return {**_any_of(clauses), "$nor": [ended]}


_PROVIDER = "provider"


def _clauses(actor: Actor, granted: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """A filter for each relation that is granted; those of the provider are one."""
    if TENANT in granted:
        return {TENANT: _NO_DRAFT}
    own = actor.organisation
    clauses: dict[str, Mapping[str, Any]] = {
        relation: {field: own, **_NO_DRAFT}
        for relation, field in _WHOSE.items()
        if relation in granted
    }
    if Is.WRITER in granted:
        mine = {_WHOSE[Is.REFERRER]: own}
        drafts = {"state.status": Status.DRAFT.value}
        clauses[Is.REFERRER] = mine if Is.REFERRER in granted else {**mine, **drafts}
    statuses = [status.value for status, part in PART.items() if part in granted]
    if statuses:
        clauses[_PROVIDER] = {
            "state.provider_organisation_id": own,
            "state.status": {"$in": statuses},
        }
    return clauses


def _any_of(clauses: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"$or": list(clauses.values())}
