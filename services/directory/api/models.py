"""What the directory takes in and gives out.

Inbound, ``PUT /services`` takes rows of ``Listing`` (``domain/listing.py``), ``PUT
/organisations`` rows of ``Organisation`` and ``PUT /districts`` rows of
``PostcodeDistrict`` (``domain/organisations.py``); each refuses a word it does not know.
Leave out what the source does not say: a service that does not mention ``capacity`` keeps
the one it has, any other word left out is taken as not known any more.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel

from services.directory.domain import Capacity, CloseReason, Listing, Need, Organisation
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


class ServiceFound(ServiceView):
    """A service in a list; ``distance_metres`` where a place was asked for."""

    distance_metres: float | None = None


class ServiceList(BaseModel):
    """Some services, and where to go on."""

    items: tuple[ServiceFound, ...]
    next_cursor: str | None


class OrganisationList(BaseModel):
    """Some organisations, and where to go on."""

    items: tuple[Organisation, ...]
    next_cursor: str | None


class NeedList(BaseModel):
    """All coded needs, in the order people are shown them."""

    items: tuple[Need, ...]
    next_cursor: None = None
