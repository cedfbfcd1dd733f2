"""A request to be erased: held at once, decided by another, done in every service.

The right is rarely absolute for care records (UK GDPR Art 17(3)), so somebody decides and
says on what basis; a request that ran its time and a record kept as long as it may be end
alike. The decision's record names nobody: an id that stands for no one any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.referral.domain.person import ChangedPerson, Hold, LegalHold, Person, person_fact
from shared.cause import Cause
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.events import Event, EventActor, PersonErased, PersonProcessingHeld

Ground = Literal[
    "no_longer_needed",
    "consent_withdrawn",
    "objection",
    "unlawful",
    "legal_duty",
    "child_online",
    "retention_ended",
]
"""UK GDPR Art 17(1)(a) to (f); the last is nobody's request but Art 5(1)(e)."""

Reason = Literal[
    "ground_applies",
    "record_still_needed",
    "legal_obligation",
    "public_health",
    "archiving_or_research",
    "legal_claims",
    "freedom_of_expression",
    "identity_not_shown",
    "unfounded_or_excessive",
]

LegalBasis = Literal[
    "art_17_1",
    "art_5_1_e",
    "art_17_3_a",
    "art_17_3_b",
    "art_17_3_c",
    "art_17_3_d",
    "art_17_3_e",
    "art_12_5",
    "art_12_6",
    "no_ground",
]

BASES: Mapping[Reason, frozenset[LegalBasis]] = {
    "ground_applies": frozenset({"art_17_1", "art_5_1_e"}),
    "record_still_needed": frozenset({"art_17_3_b", "art_17_3_c", "no_ground"}),
    "legal_obligation": frozenset({"art_17_3_b"}),
    "public_health": frozenset({"art_17_3_c"}),
    "archiving_or_research": frozenset({"art_17_3_d"}),
    "legal_claims": frozenset({"art_17_3_e"}),
    "freedom_of_expression": frozenset({"art_17_3_a"}),
    "identity_not_shown": frozenset({"art_12_6"}),
    "unfounded_or_excessive": frozenset({"art_12_5"}),
}
"""Which articles of the UK GDPR each reason may rest on.

Art 17(3): (a) freedom of expression, (b) a legal obligation or public task, (c) public health
and care under Art 9(2)(h), (d) archiving and research, (e) legal claims. Art 12(5): manifestly
unfounded or excessive; Art 12(6): doubt about who asks. ``no_ground``: none of Art 17(1) applies.
"""

SERVICES = ("referral", "directory", "outcomes", "notifications")
"""All that must say that they did it."""


class Decision(BaseModel):
    """What was decided, by whom and why; the note says nothing of who the person is."""

    model_config = ConfigDict(frozen=True)

    granted: bool
    reason_code: Reason
    legal_basis: LegalBasis
    at: AwareDatetime
    by: str
    organisation: str


class Erasure(BaseModel):
    """One request and what became of it: ``requested``, ``refused``, ``granted``, ``done``.

    ``person_ids`` and the ids after it are set when it is granted, for whoever has to remove
    something. ``acknowledged`` is when each service said that it had.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    person_id: str
    ground: Ground
    requested_at: AwareDatetime
    requested_by: str
    requested_organisation: str
    request_note: str | None = None
    decision: Decision | None = None
    decision_note: str | None = None
    person_ids: tuple[str, ...] = ()
    case_ids: tuple[str, ...] = ()
    referral_ids: tuple[str, ...] = ()
    service_ids: tuple[str, ...] = ()
    acknowledged: dict[str, AwareDatetime] = {}

    @property
    def status(self) -> Literal["requested", "refused", "granted", "done"]:
        """Where it stands; done once every service has said so."""
        if self.decision is None:
            return "requested"
        if not self.decision.granted:
            return "refused"
        return "done" if set(SERVICES) <= set(self.acknowledged) else "granted"

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The services that have not said yet that they did it."""
        if self.decision is None or not self.decision.granted:
            return ()
        return tuple(each for each in SERVICES if each not in self.acknowledged)


Changed = tuple[Erasure, Sequence[Event]]


class Held(BaseModel):
    """Everything of the person that is to go, by id."""

    model_config = ConfigDict(frozen=True)

    person_ids: tuple[str, ...]
    case_ids: tuple[str, ...]
    referral_ids: tuple[str, ...]
    service_ids: tuple[str, ...]


def decide(
    erasure: Erasure, cause: Cause, *, decision: Decision, note: str | None, held: Held | None
) -> Changed:
    """Grant or refuse the request. ``held`` is what goes, for a grant.

    Raises Forbidden where the same person asked, Invalid where the basis does not fit the
    reason, Conflict where it was decided already.
    """
    if erasure.decision is not None:
        raise Conflict(
            "The request was decided already.",
            {"current_status": erasure.status, "allowed": []},
        )
    if decision.by == erasure.requested_by:
        raise Forbidden("Somebody else decides than whoever wrote the request down.")
    check_basis(decision)
    decided = erasure.model_copy(update={"decision": decision, "decision_note": note})
    if held is None:
        return decided, []
    going = decided.model_copy(update=dict(held))
    fact = PersonErased(
        tenant=erasure.tenant,
        occurred_at=cause.at,
        actor=EventActor(role=cause.actor.role, organisation=cause.actor.organisation),
        person_id=erasure.person_id,
        erasure_id=erasure.id,
        **dict(held),
    )
    return going, [fact]


def check_basis(decision: Decision) -> None:
    """Raise Invalid where the reason does not fit the outcome, or the basis the reason."""
    grants = decision.reason_code == "ground_applies"
    if grants is not decision.granted:
        reason = "ground_applies is the reason to grant, every other one to refuse"
        raise _invalid("/reason_code", reason)
    allowed = BASES[decision.reason_code]
    if decision.legal_basis not in allowed:
        raise _invalid("/legal_basis", f"for this reason must be {' or '.join(sorted(allowed))}")


def acknowledge(erasure: Erasure, service: str, cause: Cause) -> Changed:
    """A service says that it removed what it held; again changes nothing."""
    if service in erasure.acknowledged:
        return erasure, []
    said = {**erasure.acknowledged, service: cause.at}
    return erasure.model_copy(update={"acknowledged": said}), []


def hold(person: Person, cause: Cause, *, erasure_id: str) -> ChangedPerson:
    """From now on nothing new is done with the person's data."""
    if person.held is not None:
        return person, []
    held = person.with_(held=Hold(erasure_id=erasure_id, since=cause.at))
    return held, [person_fact(PersonProcessingHeld, held, cause, erasure_id=erasure_id, held=True)]


def release(person: Person, cause: Cause, *, erasure_id: str) -> ChangedPerson:
    """The request was refused: things go on."""
    if person.held is None or person.held.erasure_id != erasure_id:
        return person, []
    free = person.with_(held=None)
    return free, [person_fact(PersonProcessingHeld, free, cause, erasure_id=erasure_id, held=False)]


def check_erasable(person: Person) -> None:
    """Raise Conflict while the record must be kept for a claim or an inquiry."""
    if person.legal_hold is not None:
        raise Conflict(
            "The record is under a legal hold: lift that first, or refuse the request.",
            {"current_status": "legal_hold", "allowed": ["refuse"]},
        )


def keep_for_law(person: Person, cause: Cause, *, reason_code: str) -> ChangedPerson:
    """The record must not be erased, whoever asks and however old it is."""
    kept = LegalHold(
        reason_code=reason_code,
        since=cause.at,
        by=cause.actor.subject,
        organisation=cause.actor.organisation,
    )
    return person.with_(legal_hold=kept), []


def lift_legal_hold(person: Person, _: Cause) -> ChangedPerson:
    """The claim or inquiry is over."""
    return person.with_(legal_hold=None), []


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The request cannot be decided so.", errors=(FieldError(pointer, reason),))
