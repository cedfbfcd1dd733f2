"""What the directory takes in and gives out.

Inbound, ``PUT /services`` takes rows of ``Listing`` (``domain/listing.py``), ``PUT
/organisations`` rows of ``Organisation`` and ``PUT /districts`` rows of
``PostcodeDistrict`` (``domain/organisations.py``); each refuses a word it does not know.
Leave out what the source does not say: a service that does not mention ``capacity`` keeps
the one it has, any other word left out is taken as not known any more.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.directory.domain import (
    AssuranceStage,
    Capacity,
    CloseReason,
    Listing,
    Need,
    Organisation,
    ProblemCode,
    Service,
)
from services.directory.domain.words import Strict


class FieldFault(BaseModel):
    """A field of a row that was wrong; ``pointer`` is relative to the row."""

    pointer: str
    reason: str


class RowResult(BaseModel):
    """What became of one row, in the order sent; ``id`` is absent where it was not usable."""

    id: str | None = None
    outcome: Literal["created", "changed", "unchanged", "invalid"]
    errors: tuple[FieldFault, ...] | None = None


class BatchResults(BaseModel):
    """One result for each row."""

    results: tuple[RowResult, ...]


class CloseService(Strict):
    """Why a service closes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason_code": "funding_ended"}]})

    reason_code: CloseReason


class Receipt(BaseModel):
    """What a change of a service answers."""

    id: str
    version: int
    status: str
    outcome: Literal["created", "changed", "unchanged"]


class CapacityView(Capacity):
    """Places, with how many are free now and when that last changed."""

    available: int
    updated: AwareDatetime | None = None


class ServiceView(Listing):
    """A service as people see it."""

    capacity: CapacityView | None = None
    open_problems: tuple[ProblemCode, ...] | None = None
    """What is wrong with the listing, as reported and not yet seen to; staff alone see it."""
    assurance_stage: AssuranceStage | None = None
    """How often its organisation was asked to confirm it since it last did; for staff."""


class ServiceFound(ServiceView):
    """A service in a list; ``distance_metres`` where a place was asked for."""

    distance_metres: int | None = None


class ServiceList(BaseModel):
    """Some services, and where to go on."""

    items: tuple[ServiceFound, ...]
    next_cursor: str | None


def service_view(service: Service, *, for_staff: bool = False) -> ServiceView:
    """The service with its free places and, for staff, how far its listing can be relied on."""
    view = ServiceView.model_construct(**_said(service))
    if not for_staff:
        return view
    problems = tuple(each.problem_code for each in service.problems if each.is_open)
    return view.model_copy(
        update={"open_problems": problems, "assurance_stage": service.assurance.stage}
    )


def service_found(service: Service, metres: float | None) -> ServiceFound:
    """The service in a list, to the metre."""
    distance = None if metres is None else round(metres)
    return ServiceFound.model_construct(**_said(service), distance_metres=distance)


def _said(service: Service) -> dict[str, Any]:
    said = dict(service.listing)
    capacity, available = service.listing.capacity, service.available
    if capacity is not None and available is not None:
        said["capacity"] = CapacityView.model_construct(
            **dict(capacity), available=available, updated=service.capacity_updated
        )
    return said


class OrganisationList(BaseModel):
    """Some organisations, and where to go on."""

    items: tuple[Organisation, ...]
    next_cursor: str | None


class NeedList(BaseModel):
    """All coded needs, in the order people are shown them."""

    items: tuple[Need, ...]
    next_cursor: None = None
