"""A community service's life in the directory: published, restated, closed.

Each function is pure: the record before to the record after and the facts to publish.
A service has one listing, and the places that referrals hold in it (``places``).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import AwareDatetime

from services.directory.domain.assurance import confirmed_later_here, restated_assurance
from services.directory.domain.facts import Changed, recount, said
from services.directory.domain.listing import Listing
from services.directory.domain.policy import POLICY, relations
from services.directory.domain.record import CloseReason, Closure, Service
from services.directory.domain.words import Point
from shared.cause import Actor, Cause
from shared.errors import Conflict, FieldError, Invalid
from shared.events import DirectoryEvent, ServiceChanged, ServiceClosed, ServicePublished
from shared.policy import TENANT


def publish(listing: Listing, points: Sequence[Point], cause: Cause) -> Changed:
    """A service new to the directory; only an active one is announced."""
    service = Service(
        tenant=cause.actor.tenant,
        listing=_dated(listing, cause),
        points=tuple(points),
        published_at=cause.at if listing.status == "active" else None,
    )
    facts = [_fact(ServicePublished, service, cause)] if listing.status == "active" else []
    return recount(None, service, facts, cause)


def restate(
    service: Service, listing: Listing, points: Sequence[Point], cause: Cause, *, reopen: bool
) -> Changed:
    """The service with what is said about it replaced; its held places stay.

    A listing that does not mention ``capacity`` leaves it as it is: sources of services
    seldom know a provider's places; nor does an older ``assured_date`` undo what was
    confirmed here. Raises Invalid where the service was closed by hand, unless ``reopen``: a
    repeated import must not undo a decision.
    """
    listing = confirmed_later_here(service, listing)
    if "capacity" not in listing.model_fields_set:
        listing = listing.model_copy(update={"capacity": service.listing.capacity})
    reopened = service.closure is not None and listing.status != "defunct"
    if reopened and not reopen:
        reason = "must be defunct: the service was closed here, and PUT /services/{id} reopens it"
        raise Invalid("The service is closed.", errors=[FieldError("/status", reason)])
    points = tuple(points)
    if listing.says_the_same(service.listing):
        return service.model_copy(update={"points": points}), ()
    restated = service.model_copy(
        update={
            "listing": _dated(listing, cause),
            "points": points,
            "closure": None if reopened else service.closure,
            "assurance": restated_assurance(service, listing),
            "published_at": _published_at(service, listing, cause),
        }
    )
    kind = _what_happened(service.listing.status, listing.status)
    facts = [] if kind is None else [_fact(kind, restated, cause)]
    return recount(service, restated, facts, cause)


def close(service: Service, reason_code: CloseReason, cause: Cause) -> Changed:
    """The service takes no one any more. Raises Conflict where it is closed already."""
    if service.listing.status == "defunct":
        raise Conflict(
            "The service is closed already.",
            {"current_status": "defunct", "allowed": ["PUT /services/{id} opens it again"]},
        )
    closed = service.model_copy(
        update={
            "listing": service.listing.model_copy(
                update={"status": "defunct", "last_modified": cause.at}
            ),
            "closure": Closure(reason_code=reason_code, at=cause.at),
        }
    )
    return closed, [_fact(ServiceClosed, closed, cause)]


def check_owner(service: Service, actor: Actor) -> None:
    """Raise NotFound where the service is not one the actor may do this to."""
    POLICY.require(actor, relations(service.listing.organization.id, actor.organisation))


def check_statement(listing: Listing, current: Service | None, actor: Actor) -> None:
    """What a provider may say of a service. Raises NotFound, or Invalid naming the field.

    A provider speaks for its own organisation only. Who is a link-worker team, and so
    receives people's referrals from practices, is for the curator to say.
    """
    if TENANT in POLICY.relations(actor):
        return
    if current is not None:
        check_owner(current, actor)
    errors = []
    if listing.organization.id != actor.organisation:
        errors.append(FieldError("/organization/id", "must be your own organisation"))
    allowed = current.listing.service_role if current else "community"
    if listing.service_role != allowed:
        errors.append(FieldError("/service_role", f"must be {allowed} unless a curator says so"))
    if errors:
        raise Invalid("A provider may not say this of a service.", errors=errors)


def _what_happened(before: str, after: str) -> type[DirectoryEvent] | None:
    """Which fact tells of the change, as others understand it: can people be referred here?

    None where they could not before and cannot now, as no one was told of the service;
    only that it is defunct is always told.
    """
    if after == "active":
        return ServiceChanged if before == "active" else ServicePublished
    closes = before == "active" or (after == "defunct" and before != "defunct")
    return ServiceClosed if closes else None


def _dated(listing: Listing, cause: Cause) -> Listing:
    return listing.model_copy(update={"last_modified": listing.last_modified or cause.at})


def _published_at(service: Service, listing: Listing, cause: Cause) -> AwareDatetime | None:
    """When it became active: now, if it does; its own time stays while it is."""
    becomes_active = listing.status == "active" and service.listing.status != "active"
    return cause.at if becomes_active else service.published_at


def _fact(kind: type[DirectoryEvent], service: Service, cause: Cause) -> DirectoryEvent:
    words = said(service, cause)
    if kind is ServiceClosed:
        words["status"] = service.listing.status
    return kind(**words)
