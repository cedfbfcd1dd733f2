"""Facts owned by the directory, on ``directory-events``; the service's id is the key."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Event

ServiceRole = Literal["link_worker_team", "community"]
"""What a service is to Linkway: who takes people on, or where they are referred to."""


class DirectoryEvent(Event):
    """What every fact about a community service says."""

    topic: ClassVar[str] = "directory-events"

    service_id: str
    organisation_id: str
    service_role: ServiceRole

    @property
    def subject(self) -> str:
        """The service's id."""
        return self.service_id

    @property
    def key(self) -> str:
        """The service's id."""
        return self.service_id

    @property
    def parties(self) -> frozenset[str]:
        """The organisation that runs the service."""
        return frozenset({self.organisation_id})


class ServicePublished(DirectoryEvent):
    """A service can be found and referred to."""

    type = "service-published"
    phrase = "Service published"


class ServiceChanged(DirectoryEvent):
    """What is said about a service changed."""

    type = "service-changed"
    phrase = "Service details changed"


class ServiceClosed(DirectoryEvent):
    """A service takes no one any more."""

    type = "service-closed"
    phrase = "Service closed"

    status: Literal["inactive", "defunct", "temporarily closed"] = "defunct"
    """Open Referral's word for how closed it is."""


class CapacityChanged(DirectoryEvent):
    """Places were held or released; the words are HSDS 3.1's service_capacity."""

    type = "capacity-changed"
    phrase = "Places changed"

    unit: str
    maximum: int
    available: int
    waiting: int = 0
    """Referrals on the waiting list."""
    next_referral_id: str | None = None
    """Who waits longest, once a place is free for them."""


class ServiceAssured(DirectoryEvent):
    """Someone made sure that what is said of the service is so."""

    type = "service-assured"
    phrase = "Service details confirmed"

    assured_date: date


class ServiceAssuranceDue(DirectoryEvent):
    """What is said of the service was last confirmed long ago; its organisation is asked."""

    type = "service-assurance-due"
    phrase = "Confirmation of details due"

    assured_date: date | None = None
    stage: Literal["first", "second", "stale"]


class ServiceProblemReported(DirectoryEvent):
    """Someone says that the listing is wrong."""

    type = "service-problem-reported"
    phrase = "Problem with the listing reported"

    problem_id: str
    problem_code: str


class OrganisationChanged(Event):
    """An organisation is known, or what it is part of changed; its id is the key."""

    topic: ClassVar[str] = "directory-events"
    type = "organisation-changed"
    phrase = "Organisation changed"

    organisation_id: str
    kind: str
    status: str
    part_of: str | None = None
    """The organisation above it, such as a practice's primary care network."""
    valid_from: AwareDatetime | None = None
    """When it became, or will become, part of that; without it when this occurred."""

    @property
    def subject(self) -> str:
        """The organisation's id."""
        return self.organisation_id

    @property
    def key(self) -> str:
        """The organisation's id."""
        return self.organisation_id

    @property
    def parties(self) -> frozenset[str]:
        """The organisation itself."""
        return frozenset({self.organisation_id})


class NeedUnmet(Event):
    """Something was looked for and not found; says of no one who looked or for whom."""

    topic: ClassVar[str] = "directory-events"
    type = "need-unmet"
    phrase = "Need not met"

    unmet_id: str
    need_code: str
    district: str | None = None
    """The postcode district looked in, an area of thousands of homes."""
    reason_code: Literal["no_service", "too_far", "no_place", "not_suitable"]

    @property
    def subject(self) -> str:
        """The id of the note of it."""
        return self.unmet_id

    @property
    def key(self) -> str:
        """The need's code."""
        return self.need_code
