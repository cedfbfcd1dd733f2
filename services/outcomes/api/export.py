"""Subject access over HTTP: what outcomes holds about a person, for that person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.outcomes import handlers
from services.outcomes.api.answers import Kept
from shared.web import Acting

router = APIRouter(tags=["privacy"])

PersonId = Annotated[
    str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$", description="The person.")
]


class ExportedPlan(BaseModel):
    """One case's plan: what the person said, aimed for and answered. Staff are left out."""

    case_id: str
    opened_at: datetime
    status: str
    assessments: list[dict[str, Any]]
    goals: list[dict[str, Any]]
    measures: list[dict[str, Any]]
    gp_contacts: dict[str, Any] | None


class PlansExport(BaseModel):
    """The person's plans with the asker's team, and how many are with others."""

    person_id: str
    plans: list[ExportedPlan]
    plans_elsewhere: int


@router.get("/persons/{person_id}/export", response_model=PlansExport)
async def export_person(person_id: PersonId, actor: Acting, stores: Kept) -> PlansExport:
    """Copy what is held about a person, for that person.

    Their assessments, goals and measures with your team. An id that is not known here has none.
    """
    own, elsewhere = await handlers.export_plans(stores, person_id, actor)
    return PlansExport(
        person_id=person_id,
        plans=[
            ExportedPlan(
                case_id=plan.case_id,
                opened_at=plan.opened_at,
                status=plan.status,
                assessments=_without_staff(plan.model_dump(mode="json")["assessments"]),
                goals=_without_staff(plan.model_dump(mode="json")["goals"]),
                measures=_without_staff(plan.model_dump(mode="json")["measures"]),
                gp_contacts=plan.gp_contacts.model_dump(
                    mode="json", include={"before", "after", "months", "recorded_at"}
                )
                if plan.gp_contacts
                else None,
            )
            for plan in own
        ],
        plans_elsewhere=elsewhere,
    )


_STAFF = frozenset({"by", "started_by", "completed_by", "amended_by", "recorded_by"})


def _without_staff(value: Any) -> Any:
    """The same without whoever wrote it down: their names are theirs."""
    if isinstance(value, list):
        return [_without_staff(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_staff(each) for name, each in value.items() if name not in _STAFF}
    return value
