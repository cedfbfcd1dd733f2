"""Breaking the glass, and looking afterwards at who did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.referral.domain import overrides
from services.referral.domain.access import permit_override
from services.referral.domain.overrides import Override, ReasonCode
from services.referral.domain.person import Person
from services.referral.domain.policy import POLICY, Is
from services.referral.handlers.looking import known_among
from services.referral.store import Stores
from shared.cause import Actor, Cause
from shared.errors import Conflict
from shared.store import Page, Saved

_MOST_CASES = 50


async def break_glass(
    stores: Stores,
    person_id: str,
    cause: Cause,
    *,
    reason_code: ReasonCode,
    reason: str,
    holds: timedelta,
) -> Saved[Override]:
    """Open a person to the actor, to read, for a while.

    Raises NotFound, and Conflict for whoever sees the person as it is.
    """
    saved = await stores.persons.resolve(person_id, cause.actor.tenant)
    person = saved.state
    known = await known_among(stores, [saved], cause.actor, cause.at)
    if known and person.is_open_to(cause.actor.subject):
        raise Conflict(
            "You see this person's record as it is: there is nothing to open.",
            {"current_status": "open", "allowed": []},
        )
    cases = await _cases(stores, person)
    told = [*cases, *await _teams_of_named(stores, person)]
    made, events = overrides.override(
        cause.make_id("override"),
        person.id,
        cause,
        reason_code=reason_code,
        reason=reason,
        told=told,
        cases=dict(cases),
        holds=holds,
    )
    return await stores.overrides.insert(made.id, made, events, cause)


async def overrides_of(
    stores: Stores, person_id: str, actor: Actor, at: datetime, *, limit: int, cursor: str | None
) -> Page[Override]:
    """Who opened this person's record, newest first: for leads who know the person, or are told.

    Raises NotFound for anyone else. Whoever is only told sees what they were told of.
    """
    saved = await stores.persons.resolve(person_id, actor.tenant)
    ids = await stores.persons.ids_of(saved.state)
    found = await stores.overrides.of_person(actor.tenant, ids, limit=limit, cursor=cursor)
    if await known_among(stores, [saved], actor, at):
        POLICY.require(actor, {Is.KNOWING})
        return found
    mine = [each for each in found.items if actor.organisation in each.state.told]
    POLICY.require(actor, {Is.TOLD} if mine else ())
    return Page(items=mine, next_cursor=found.next_cursor)


async def review_override(
    stores: Stores, person_id: str, override_id: str, cause: Cause
) -> Saved[Override]:
    """A lead who was told has looked at it. Raises NotFound, Conflict."""
    del person_id  # the override says whom it is about
    return await stores.overrides.update(
        override_id,
        lambda made: overrides.review(made, cause),
        cause,
        check=lambda made: permit_override(made, cause.actor),
    )


async def _cases(stores: Stores, person: Person) -> Mapping[str, str]:
    """The person's open cases by the team that holds each; without any, the latest."""
    ids = list(await stores.persons.ids_of(person))
    page = await stores.referrals.find(
        person.tenant,
        {"state.person_id": {"$in": ids}, "state.kind": "intake", "state.status": {"$ne": "draft"}},
        limit=_MOST_CASES,
    )
    held = [each.state for each in page.items if each.state.is_open]
    held = held or [each.state for each in page.items[:1]]
    return {each.team_organisation_id: each.id for each in reversed(held)}


async def _teams_of_named(stores: Stores, person: Person) -> Sequence[str]:
    """The organisations of the workers named on a restricted record, as far as they are known."""
    if person.restriction is None:
        return ()
    named = set(person.restriction.named_workers)
    return await stores.teams.with_workers(named, person.tenant)
