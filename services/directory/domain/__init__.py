"""The rules of the directory: what a service, its places and an organisation are."""

from services.directory.domain.access import ACCESS, AccessCode
from services.directory.domain.assurance import (
    AssuranceRules,
    ask,
    assure,
    confirm,
    next_asking,
)
from services.directory.domain.distance import metres_between
from services.directory.domain.gaps import SMALLEST_TOLD, By, Gap, fields, gap_map
from services.directory.domain.listing import Language, Listing, ServiceStatus
from services.directory.domain.matching import (
    Barrier,
    Candidate,
    Judged,
    Ranking,
    Sought,
    UnmetFound,
    rank,
)
from services.directory.domain.matching_parts import REACH, WEIGHTS, Part, PartCode
from services.directory.domain.matching_words import Why, why_found, why_missed
from services.directory.domain.needs import NEEDS, Need, NeedCode, NeedGroup
from services.directory.domain.organisations import (
    DistrictRecord,
    Organisation,
    OrganisationKind,
    OrganisationRecord,
    OrganisationStatus,
    PostcodeDistrict,
    move_organisation,
    state_organisation,
)
from services.directory.domain.parts import Capacity, Location
from services.directory.domain.places import (
    EFFECTS,
    NO_EFFECT,
    RELEASED_KEPT,
    follow_referral,
    forget,
    takes_place,
)
from services.directory.domain.problems import report, reported, resolve
from services.directory.domain.record import (
    AssuranceStage,
    CloseReason,
    Hold,
    Problem,
    ProblemCode,
    ResolutionCode,
    Service,
)
from services.directory.domain.service import (
    check_owner,
    check_statement,
    close,
    publish,
    restate,
)
from services.directory.domain.sessions import Session, Weekday, next_session, open_days
from services.directory.domain.tree import (
    Belonging,
    chain,
    circles,
    part_of_at,
    start_of,
)
from services.directory.domain.unmet import (
    TELLING,
    UnmetNeed,
    UnmetReason,
    hear,
    leads_nowhere,
    note,
)
from services.directory.domain.waiting import Waiting, state_capacity, waiting_list
from services.directory.domain.words import Id, Point, split_postcode

__all__ = [
    "ACCESS",
    "EFFECTS",
    "NEEDS",
    "NO_EFFECT",
    "REACH",
    "RELEASED_KEPT",
    "SMALLEST_TOLD",
    "TELLING",
    "WEIGHTS",
    "AccessCode",
    "AssuranceRules",
    "AssuranceStage",
    "Barrier",
    "Belonging",
    "By",
    "Candidate",
    "Capacity",
    "CloseReason",
    "DistrictRecord",
    "Gap",
    "Hold",
    "Id",
    "Judged",
    "Language",
    "Listing",
    "Location",
    "Need",
    "NeedCode",
    "NeedGroup",
    "Organisation",
    "OrganisationKind",
    "OrganisationRecord",
    "OrganisationStatus",
    "Part",
    "PartCode",
    "Point",
    "PostcodeDistrict",
    "Problem",
    "ProblemCode",
    "Ranking",
    "ResolutionCode",
    "Service",
    "ServiceStatus",
    "Session",
    "Sought",
    "UnmetFound",
    "UnmetNeed",
    "UnmetReason",
    "Waiting",
    "Weekday",
    "Why",
    "ask",
    "assure",
    "chain",
    "check_owner",
    "check_statement",
    "circles",
    "close",
    "confirm",
    "fields",
    "follow_referral",
    "forget",
    "gap_map",
    "hear",
    "leads_nowhere",
    "metres_between",
    "move_organisation",
    "next_asking",
    "next_session",
    "note",
    "open_days",
    "part_of_at",
    "publish",
    "rank",
    "report",
    "reported",
    "resolve",
    "restate",
    "split_postcode",
    "start_of",
    "state_capacity",
    "state_organisation",
    "takes_place",
    "waiting_list",
    "why_found",
    "why_missed",
]
