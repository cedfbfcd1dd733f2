"""Facts about persons, on ``referral-events``: opaque ids and codes, never who someone is."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.referral import ReferralEvent

AgeBand = Literal["0-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84", "85+"]
AdministrativeGender = Literal["female", "male", "other", "unknown"]
"""FHIR R4 administrative-gender."""

EthnicGroup = Literal["asian", "black", "mixed", "white", "other", "not_stated"]
"""The five high-level groups of the census of England and Wales, and none stated."""


class CaseProfiled(ReferralEvent):
    """The coarse groups a new case is counted under in reports; told to no organisation.

    Groups only, never a date of birth, place or finer code: reports suppress small numbers.
    """

    type = "case-profiled"
    phrase = "Counted for reports"

    age_band: AgeBand | None = None
    sex: AdministrativeGender = "unknown"
    ethnic_group: EthnicGroup = "not_stated"
    deprivation_decile: int | None = None
    """Index of Multiple Deprivation, 1 the most deprived tenth to 10 the least."""
    secondary_use: bool = True
    """Whether it may be counted at all: not where the person opted out (National Data Opt-out)."""

    @property
    def parties(self) -> frozenset[str]:
        """Nobody: it is counted, not told."""
        return frozenset()


class PersonEvent(Event):
    """What every fact about a person says; the person's id is the key. Told to nobody by itself.

    What an organisation needs to hear of it comes as a fact about its own referral.
    """

    topic: ClassVar[str] = "referral-events"

    person_id: str

    @property
    def subject(self) -> str:
        """The person's id."""
        return self.person_id

    @property
    def key(self) -> str:
        """The person's id."""
        return self.person_id


class PersonChanged(PersonEvent):
    """How the person may be reached or what they need changed; ask the owner for it."""

    type = "person-changed"
    phrase = "Person's record changed"


class PersonMerged(PersonEvent):
    """Two records are one person: ``person_id`` stays, ``retired_id`` is now an alias of it."""

    type = "person-merged"
    phrase = "Duplicate record merged"

    retired_id: str


class PersonUnmerged(PersonEvent):
    """They were two persons after all: ``retired_id`` stands for itself again."""

    type = "person-unmerged"
    phrase = "Merge undone"

    retired_id: str
    case_ids: tuple[str, ...] = ()
    """The cases that are ``retired_id``'s again."""


class PersonMoved(PersonEvent):
    """The person lives elsewhere now."""

    type = "person-moved"
    phrase = "Moved away"

    effective_at: AwareDatetime
    out_of_area: bool


class PersonDeceased(PersonEvent):
    """The person has died. Nothing more is sent to or about them."""

    type = "person-deceased"
    phrase = "Recorded as deceased"


class PersonDeceasedRevoked(PersonEvent):
    """The death was recorded in error."""

    type = "person-deceased-revoked"
    phrase = "Death recorded in error"


class PersonRestrictionChanged(PersonEvent):
    """Whether the record is restricted to those named on it."""

    type = "person-restriction-changed"
    phrase = "Restriction of the record changed"

    restricted: bool


class AccessOverridden(Event):
    """Someone broke the glass on a person's record: once for each team whose leads are told.

    Neither who nor why: those told read that at the owner's API.
    """

    type = "access-overridden"
    topic: ClassVar[str] = "referral-events"
    phrase = "Record opened in an emergency"

    person_id: str
    override_id: str
    team_organisation_id: str
    """Whose leads are told."""
    case_id: str | None = None
    """The case that this team holds of the person, if it holds one."""
    until: AwareDatetime

    @property
    def subject(self) -> str:
        """The id of the override."""
        return self.override_id

    @property
    def key(self) -> str:
        """The person's id."""
        return self.person_id

    @property
    def parties(self) -> frozenset[str]:
        """The team whose leads are told."""
        return frozenset({self.team_organisation_id})


class ConsentGranted(PersonEvent):
    """The person agreed to sharing with these organisations."""

    type = "consent-granted"
    phrase = "Consent to share given"

    recipient_organisation_ids: tuple[str, ...] = ()


class ConsentWithdrawn(PersonEvent):
    """The person no longer agrees to sharing: with these organisations, or any where empty."""

    type = "consent-withdrawn"
    phrase = "Consent to share withdrawn"

    recipient_organisation_ids: tuple[str, ...] = ()
