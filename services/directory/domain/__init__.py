"""The rules of the directory: what a service, its places and an organisation are."""

from services.directory.domain.listing import Capacity, Listing, Location, ServiceStatus
from services.directory.domain.needs import NEEDS, Need, NeedCode
from services.directory.domain.organisations import (
    DistrictRecord,
    Organisation,
    OrganisationKind,
    OrganisationRecord,
    OrganisationStatus,
    PostcodeDistrict,
)
from services.directory.domain.places import EFFECTS, RELEASED_KEPT, follow_referral, takes_place
from services.directory.domain.service import (
    CloseReason,
    Hold,
    Service,
    check_owner,
    check_statement,
    close,
    publish,
    restate,
)
from services.directory.domain.words import Id, Point, split_postcode

__all__ = [
    "EFFECTS",
    "NEEDS",
    "RELEASED_KEPT",
    "Capacity",
    "CloseReason",
    "DistrictRecord",
    "Hold",
    "Id",
    "Listing",
    "Location",
    "Need",
    "NeedCode",
    "Organisation",
    "OrganisationKind",
    "OrganisationRecord",
    "OrganisationStatus",
    "Point",
    "PostcodeDistrict",
    "Service",
    "ServiceStatus",
    "check_owner",
    "check_statement",
    "close",
    "follow_referral",
    "publish",
    "restate",
    "split_postcode",
    "takes_place",
]
