"""What the referral service knows of a service in the directory: enough to refer to it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.errors import FieldError, Invalid
from shared.events import DirectoryEvent, ReferralKind, ServiceClosed, ServiceRole


class Listing(BaseModel):
    """A service as last heard of; ``seq`` is the number of the newest fact applied."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    organisation_id: str
    service_role: ServiceRole
    open: bool
    seq: int


def heard(event: DirectoryEvent) -> Listing:
    """The listing a fact describes."""
    return Listing(
        id=event.service_id,
        tenant=event.tenant,
        organisation_id=event.organisation_id,
        service_role=event.service_role,
        open=not isinstance(event, ServiceClosed),
        seq=event.seq,
    )


def newest(known: Listing, event: DirectoryEvent) -> Listing:
    """The listing after the fact; one that is repeated or late changes nothing."""
    return heard(event) if event.seq > known.seq else known


def check_takes(listing: Listing | None, kind: ReferralKind) -> Listing:
    """The listing, if referrals of this kind may go there. Raises Invalid otherwise."""
    if listing is None:
        raise _refused("must be the id of a published service")
    if not listing.open:
        raise _refused("this service is closed; choose another")
    if kind == "intake" and listing.service_role != "link_worker_team":
        raise _refused("an intake goes to a link-worker team; use kind onward for other services")
    if kind != "intake" and listing.service_role == "link_worker_team":
        raise _refused(f"{kind} goes to a community service; use kind intake for a team")
    return listing


def _refused(reason: str) -> Invalid:
    return Invalid(
        "No referral can be made to this service.",
        errors=(FieldError("/service_id", reason),),
    )
