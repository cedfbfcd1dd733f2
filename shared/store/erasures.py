"""What a service has done about erasures: one record each, which keeps a replay from undoing it.

The record holds ids that stand for no one any more. Its fact tells the owner of the erasure
that this service did its part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.cause import Cause
from shared.events import ErasureApplied, EventActor, PersonErased
from shared.store.store import Store


class Applied(BaseModel):
    """One erasure: what it named, when it was applied here, and when to look again."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    erasure_id: str
    person_ids: tuple[str, ...]
    case_ids: tuple[str, ...]
    referral_ids: tuple[str, ...]
    service_ids: tuple[str, ...]
    applied_at: AwareDatetime | None = None
    look_again_at: AwareDatetime | None = None
    looks: int = 0
    """How often it was looked at and put off."""


class AppliedErasures(Store[Applied]):
    """One document per erasure, whose id it has; a subclass names the fact it states."""

    model = Applied
    listed = False
    unaudited = "ids that stand for no one any more"
    fact: ClassVar[type[ErasureApplied]]

    def due(self, state: Applied) -> datetime | None:
        """When to look whether something came after all."""
        return state.look_again_at

    async def begin(self, event: PersonErased, cause: Cause) -> Applied:
        """The record of this erasure, made where there is none."""
        fresh = Applied(
            tenant=event.tenant,
            erasure_id=event.erasure_id,
            person_ids=event.person_ids,
            case_ids=event.case_ids,
            referral_ids=event.referral_ids,
            service_ids=event.service_ids,
            look_again_at=cause.at,
        )
        return (await self.insert(event.erasure_id, fresh, (), cause)).state

    async def finish(self, erasure: Applied, cause: Cause, *, again: datetime | None) -> None:
        """State that it is done, once; ``again`` is when to look once more, if at all."""

        def finished(state: Applied) -> tuple[Applied, Sequence[ErasureApplied]]:
            done = state.model_copy(
                update={
                    "applied_at": state.applied_at or cause.at,
                    "look_again_at": again,
                }
            )
            return done, () if state.applied_at else (self._told(state, cause),)

        await self.update(erasure.erasure_id, finished, cause, remember=False)

    async def postpone(self, erasure: Applied, cause: Cause, until: datetime) -> None:
        """Something is still under way: look again then."""
        await self.update(
            erasure.erasure_id,
            lambda state: (_put_off(state, until), ()),
            cause,
            remember=False,
        )

    def _told(self, state: Applied, cause: Cause) -> ErasureApplied:
        return self.fact(
            tenant=state.tenant,
            occurred_at=cause.at,
            actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
            erasure_id=state.erasure_id,
        )


def _put_off(state: Applied, until: datetime) -> Applied:
    return state.model_copy(update={"look_again_at": until, "looks": state.looks + 1})
