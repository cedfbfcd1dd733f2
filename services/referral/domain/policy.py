"""Who may do what with referrals and persons: by role, and by what they are to the record.

Read by the routes (roles), by handlers and stores (relations), and by people: docs/access.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

from shared.policy import EVERYONE, Policy, Public, Role, Table, may


class Is(StrEnum):
    """What an organisation, or someone of it, is to a record."""

    WRITER = "wrote the draft"
    REFERRER = "referred"
    PRACTICE = "practice"
    TEAM = "holds the case"
    ASKED = "asked"
    SERVING = "serves"
    WAS_ASKED = "was asked"
    KNOWING = "knows the person"
    HOLDER = "holds the session"
    OWN = "own organisation"
    LEAD = "leads on it"
    AUTHOR = "wrote it"
    OVERRIDER = "broke the glass"
    TOLD = "is told"


class Sight(Enum):
    """How much of a referral or a person an asker sees, most first."""

    ALL = "all"
    """The referrer, the practice the person came from, and the team that holds the case."""
    SERVING = "serving"
    """The provider who took the person on: who they are and how to reach them."""
    DECIDING = "deciding"
    """The provider before answering: what it takes to decide, not who it is."""
    HAPPENED = "happened"
    """That it happened and how it ended: the provider afterwards, and operations."""
    RESTRICTED = "restricted"
    """That it is there, and restricted to the workers named on the person's record."""


_WORDS: Mapping[str, str] = {
    Is.WRITER: "The organisation that wrote a draft and has not submitted it yet.",
    Is.REFERRER: "The organisation that made the referral.",
    Is.PRACTICE: "The organisation the person's case came from, until the person moves away.",
    Is.TEAM: "The organisation whose link workers hold the person's case.",
    Is.ASKED: "The organisation the referral is addressed to, before it has answered.",
    Is.SERVING: "The organisation that accepted the referral, until it ends another way than "
    "completed.",
    Is.WAS_ASKED: "The organisation the referral was addressed to: after it declined, or after "
    "the referral was withdrawn, expired or closed.",
    Is.KNOWING: "An organisation that referred the person, or the person's case came from, or "
    "that holds one.",
    Is.HOLDER: "The organisation that runs the service of a group session.",
    Is.OWN: "The asker's own organisation: its team, its worklist, its notes.",
    Is.LEAD: "The safeguarding lead of the tenant, or whom the concern names as its lead.",
    Is.AUTHOR: "Whoever raised the concern.",
    Is.OVERRIDER: "A worker who broke the glass on this person, until that runs out.",
    Is.TOLD: "The organisation of those who are told that the glass was broken.",
    Sight.ALL.value: "All of the referral and of the person.",
    Sight.SERVING.value: "The referral, and who the person is and how to reach them; not the NHS "
    "number, date of birth or case.",
    Sight.DECIDING.value: "What it takes to decide: needs, reason, age, district, access needs; "
    "not who it is.",
    Sight.HAPPENED.value: "That there is a referral, its status and how it ended; nothing of the "
    "person.",
    Sight.RESTRICTED.value: "That there is a record, and that it is restricted.",
}

_REMARKS = (
    (
        "A **restricted** person's record is seen by the workers named on it alone; of their "
        "referrals others see `restricted`, and they change nothing."
    ),
    "A **withdrawn consent** leaves a provider `happened` from that moment, whatever it saw.",
    (
        "A provider sees no name and no contact details of a person who did not agree to **share** "
        "them: the `scope` of the consent recorded with the referral says so."
    ),
    "A person who **moved out of the area** is seen no more by the practice they came from.",
    (
        "Who knows a referral, but is not who may do this to it, is told so (403); to anyone else "
        "it is not there (404)."
    ),
    (
        "A list holds what its asker may know of; a filter by person finds only those of which the "
        "asker may see the person."
    ),
    (
        "Whoever holds an **answer link** acts as the organisation that was asked, in that one "
        "referral, by the rows of the commands themselves."
    ),
)

REFERRING = (Role.REFERRER, Role.LINK_WORKER, Role.TEAM_LEAD)
WORKING = (Role.LINK_WORKER, Role.TEAM_LEAD, Role.PROVIDER)
CARING = (Role.REFERRER, Role.LINK_WORKER, Role.TEAM_LEAD)
HOLDING = (Role.LINK_WORKER, Role.TEAM_LEAD)
LEADING = (Role.TEAM_LEAD,)
USING = (Role.REFERRER, *WORKING)
RAISING = (*USING, Role.SAFEGUARDING_LEAD)
COARSE = (Role.REPORTER, Role.TENANT_ADMIN)
"""Those who look after figures or the tenant, and see no one's case."""

PROVIDER = (Is.ASKED, Is.SERVING, Is.WAS_ASKED)
ASKING = (Is.WRITER, Is.REFERRER, Is.TEAM)
"""Who referred, or holds the case: the side that may take back, answer, reroute."""

_SEEING = [
    may(USING, Is.WRITER, Is.REFERRER, Is.PRACTICE, Is.TEAM, sees=Sight.ALL),
    may(USING, Is.SERVING, sees=Sight.SERVING),
    may(USING, Is.ASKED, sees=Sight.DECIDING),
    may(USING, Is.WAS_ASKED, sees=Sight.HAPPENED),
    may(COARSE, Is.REFERRER, Is.PRACTICE, Is.TEAM, *PROVIDER, sees=Sight.HAPPENED),
    may((Role.OPERATIONS,), sees=Sight.HAPPENED),
]
_SEEING_ONE = [*_SEEING, may(HOLDING, Is.OVERRIDER, sees=Sight.ALL)]
_SERVED = [
    may(WORKING, Is.WRITER, Is.REFERRER, Is.PRACTICE, Is.TEAM, sees=Sight.ALL),
    may(WORKING, Is.SERVING, sees=Sight.SERVING),
]
_NOTING = [may(WORKING, Is.WRITER, Is.REFERRER, Is.PRACTICE, Is.TEAM, *PROVIDER)]
_BY_PROVIDER = [may(WORKING, *PROVIDER)]
_BY_ASKER = [may(REFERRING, *ASKING)]
_FOR_PERSON = [may(CARING, Is.KNOWING)]
_BY_LEAD = [may(LEADING, Is.KNOWING)]
_OF_SESSION = [may(WORKING, Is.HOLDER)]
_MACHINES = [may((Role.SERVICE,))]
_BY_ADMIN = [may((Role.TENANT_ADMIN,))]
_DECIDING = [may(LEADING, Is.OWN), *_BY_ADMIN]
_LINK = Public(
    "A signed link, sent to the organisation that was asked and to no one else; it expires, is "
    "for one referral, and shows what that organisation may see."
)

READ = "GET /referrals/{referral_id}"
LIST = "GET /referrals"
ASSIGN = "POST /referrals/{referral_id}/assign"
READ_PERSON = "GET /persons/{person_id}"

TABLE: Table = {
    # Referrals
    "POST /referrals": [may(REFERRING)],
    LIST: _SEEING,
    READ: _SEEING_ONE,
    "GET /referrals/{referral_id}/history": _SEEING_ONE,
    "POST /referrals/{referral_id}/accept": _BY_PROVIDER,
    ASSIGN: _BY_PROVIDER,
    "POST /referrals/{referral_id}/waitlist": _BY_PROVIDER,
    "POST /referrals/{referral_id}/decline": _BY_PROVIDER,
    "POST /referrals/{referral_id}/complete": _BY_PROVIDER,
    "POST /referrals/{referral_id}/not-complete": _BY_PROVIDER,
    "POST /referrals/{referral_id}/ask": _BY_PROVIDER,
    "POST /referrals/{referral_id}/hold": _BY_PROVIDER,
    "POST /referrals/{referral_id}/resume": _BY_PROVIDER,
    "POST /referrals/{referral_id}/go-on": _BY_PROVIDER,
    "POST /referrals/{referral_id}/review": [*_BY_PROVIDER, *_BY_ASKER],
    "POST /referrals/{referral_id}/withdraw": _BY_ASKER,
    "POST /referrals/{referral_id}/answer": _BY_ASKER,
    "POST /referrals/{referral_id}/follow-up": _BY_ASKER,
    "POST /referrals/{referral_id}/enter-in-error": _BY_ASKER,
    "POST /referrals/{referral_id}/submit": [may(REFERRING, Is.WRITER, Is.REFERRER)],
    "POST /referrals/{referral_id}/reroute": _BY_ASKER,
    "POST /referrals/{referral_id}/dismiss-reroute": _BY_ASKER,
    # Answering by link
    "POST /referrals/{referral_id}/answer-links": _MACHINES,
    "GET /answers/{token}": _LINK,
    "POST /answers/{token}": _LINK,
    # Appointments and group sessions
    "POST /referrals/{referral_id}/appointments": _BY_PROVIDER,
    "POST /referrals/{referral_id}/appointments/{appointment_id}/reschedule": _BY_PROVIDER,
    "POST /referrals/{referral_id}/appointments/{appointment_id}/cancel": _BY_PROVIDER,
    "POST /referrals/{referral_id}/appointments/{appointment_id}/{step}": _BY_PROVIDER,
    "POST /sessions": [may(WORKING)],
    "GET /sessions": _OF_SESSION,
    "GET /sessions/{session_id}": _OF_SESSION,
    "POST /sessions/{session_id}/places": _OF_SESSION,
    "DELETE /sessions/{session_id}/places/{referral_id}": _OF_SESSION,
    "POST /sessions/{session_id}/attendance": _OF_SESSION,
    "POST /sessions/{session_id}/{step}": _OF_SESSION,
    # Contacts and notes
    "POST /referrals/{referral_id}/contacts": _BY_PROVIDER,
    "GET /referrals/{referral_id}/contacts": _SERVED,
    "POST /referrals/{referral_id}/notes": _NOTING,
    "GET /referrals/{referral_id}/notes": _NOTING,
    # Persons and consent
    READ_PERSON: [
        may(CARING, Is.KNOWING, sees=Sight.ALL),
        may(HOLDING, Is.OVERRIDER, sees=Sight.ALL),
    ],
    "POST /persons/{person_id}/break-glass": [may(HOLDING)],
    "GET /persons/{person_id}/overrides": [may(LEADING, Is.KNOWING, Is.TOLD)],
    "POST /persons/{person_id}/overrides/{override_id}/review": [may(LEADING, Is.TOLD)],
    "PATCH /persons/{person_id}": _FOR_PERSON,
    "POST /persons/{person_id}/moved": _FOR_PERSON,
    "POST /persons/{person_id}/deceased": _FOR_PERSON,
    "POST /persons/{person_id}/deceased/revoke": _FOR_PERSON,
    "POST /persons/{person_id}/restriction": [may(HOLDING, Is.KNOWING)],
    "GET /persons/{person_id}/consent": [*_FOR_PERSON, may(HOLDING, Is.OVERRIDER)],
    "POST /persons/{person_id}/consent": _FOR_PERSON,
    "POST /persons/{person_id}/consent/withdraw": _FOR_PERSON,
    "GET /reachability": _MACHINES,
    "GET /persons/duplicates": _BY_LEAD,
    "POST /persons/{person_id}/merge": _BY_LEAD,
    "POST /persons/{person_id}/unmerge": _BY_LEAD,
    "POST /persons/{person_id}/not-duplicate": _BY_LEAD,
    # A person's rights over their data
    "POST /persons/{person_id}/erasure": [
        may(LEADING, Is.KNOWING),
        may((Role.TENANT_ADMIN,)),
    ],
    "GET /erasures": _DECIDING,
    "GET /erasures/{erasure_id}": _DECIDING,
    "POST /erasures/{erasure_id}/decision": _DECIDING,
    "GET /persons/{person_id}/data-opt-out": _FOR_PERSON,
    "PUT /persons/{person_id}/data-opt-out": _FOR_PERSON,
    "PUT /persons/{person_id}/legal-hold": _BY_LEAD,
    "GET /persons/{person_id}/export": _BY_LEAD,
    "GET /retention/rules": _BY_ADMIN,
    "PUT /retention/rules": _BY_ADMIN,
    "GET /retention/due": _BY_ADMIN,
    "POST /retention/erasures": _BY_ADMIN,
    # Safeguarding
    "POST /safeguarding-concerns": [may(RAISING)],
    "GET /safeguarding-concerns": [may(RAISING, Is.LEAD)],
    "GET /safeguarding-concerns/alerts": [may(RAISING, Is.LEAD)],
    "GET /safeguarding-concerns/{concern_id}": [may(RAISING, Is.LEAD, Is.AUTHOR)],
    "POST /safeguarding-concerns/{concern_id}/close": [may(RAISING, Is.LEAD)],
    # Teams, worklists and the tenant's own times
    "GET /teams/{organisation_id}": [may(WORKING, Is.OWN)],
    "PUT /teams/{organisation_id}/workers/{worker_id}": [may(LEADING, Is.OWN)],
    "POST /teams/{organisation_id}/workers/{worker_id}/hand-over": [may(LEADING, Is.OWN)],
    "GET /worklist": [may(USING, Is.OWN)],
    "GET /rules": [may(EVERYONE)],
    "PUT /rules": [may((Role.TENANT_ADMIN,))],
}

POLICY = Policy(TABLE, sights=Sight, words=_WORDS, remarks=_REMARKS)
