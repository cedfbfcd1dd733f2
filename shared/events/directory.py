"""Facts owned by the directory, on ``directory-events``; the service's id is the key."""

from __future__ import annotations

from typing import ClassVar, Literal

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


class CapacityChanged(DirectoryEvent):
    """Places were held or released; the words are HSDS 3.1's service_capacity."""

    type = "capacity-changed"
    phrase = "Places changed"

    unit: str
    maximum: int
    available: int
