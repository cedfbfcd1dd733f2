"""Keeping listings fresh: asking for confirmation when the last one is long ago.

"Mapping is only a snapshot": stale listings are what link workers complain of most
(domain reference, section 4). ``assured_date`` is Open Referral UK's word for when someone
last made sure that the listing is so; to have changed it is not to have made sure.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict

from services.directory.domain.facts import Changed, said
from services.directory.domain.listing import Listing
from services.directory.domain.record import Assurance, AssuranceStage, Service
from shared.cause import Cause
from shared.errors import Conflict, NotFound
from shared.events import ServiceAssuranceDue, ServiceAssured


class AssuranceRules(BaseModel):
    """When to ask: the first time, and again and at last so long after the first."""

    model_config = ConfigDict(frozen=True)

    first: timedelta = timedelta(days=180)
    second: timedelta = timedelta(days=14)
    stale: timedelta = timedelta(days=28)


def next_asking(service: Service, rules: AssuranceRules) -> tuple[datetime, AssuranceStage] | None:
    """When to ask next, and for which time; None where it has been said often enough.

    Counted from the day of the last confirmation, or from when the service was published
    where there was none. Who was asked late is given as long to answer as anyone. Only of
    an active service is anything asked.
    """
    state = service.assurance
    if service.listing.status != "active" or state.stage == "stale":
        return None
    if state.stage is None or state.asked_at is None:
        since = _known_to_be_so(service)
        return None if since is None else (since + rules.first, "first")
    if state.stage == "first":
        return state.asked_at + rules.second, "second"
    return state.asked_at + rules.stale, "stale"


def ask(service: Service, cause: Cause, rules: AssuranceRules) -> Changed:
    """Ask for confirmation, if it is time; each stage is told once until it is confirmed."""
    asking = next_asking(service, rules)
    if asking is None or asking[0] > cause.at:
        # Not yet, or no more: the clock was set by other rules. Written down, it is set anew.
        return _with(service, looked_at=cause.at), ()
    _, stage = asking
    asked = _with(
        service, stage=stage, asked_at=service.assurance.asked_at or cause.at, looked_at=cause.at
    )
    fact = ServiceAssuranceDue(
        **said(service, cause), assured_date=service.listing.assured_date, stage=stage
    )
    return asked, [fact]


def assure(service: Service, cause: Cause) -> Changed:
    """All that the listing says is so, today (in UTC). Raises Conflict where it is closed."""
    if service.listing.status == "defunct":
        raise Conflict(
            "The service is closed; there is nothing to confirm.",
            {"current_status": "defunct", "allowed": ["PUT /services/{id} opens it again"]},
        )
    today = cause.at.astimezone(UTC).date()
    assurance = Assurance(confirmed_on=today)
    listing = service.listing.model_copy(update={"assured_date": today})
    if service.assurance.stage is None and service.listing.assured_date == today:
        return service.model_copy(update={"assurance": assurance}), ()
    assured = service.model_copy(update={"listing": listing, "assurance": assurance})
    return assured, [ServiceAssured(**said(assured, cause), assured_date=today)]


def confirm(service: Service, organisation_id: str, cause: Cause) -> Changed:
    """As ``assure``, by whoever was sent a link as ``organisation_id``.

    Raises NotFound where another organisation has taken the service over since.
    """
    if service.listing.organization.id != organisation_id:
        raise NotFound("This link does not work, or does not work any more.")
    return assure(service, cause)


def confirmed_later_here(service: Service, listing: Listing) -> Listing:
    """The listing, with the date of what was confirmed here where its source knows none later."""
    here, there = service.assurance.confirmed_on, listing.assured_date
    if here is None or (there is not None and there >= here):
        return listing
    return listing.model_copy(update={"assured_date": here})


def restated_assurance(service: Service, listing: Listing) -> Assurance:
    """How far asking has got, now that ``listing`` is said: a later confirmation starts anew."""
    before, after = service.listing.assured_date, listing.assured_date
    if after is None or (before is not None and after <= before):
        return service.assurance
    return Assurance(confirmed_on=service.assurance.confirmed_on)


def _known_to_be_so(service: Service) -> datetime | None:
    assured = service.listing.assured_date
    if assured is not None:
        return datetime.combine(assured, time(tzinfo=UTC))
    return service.published_at or service.listing.last_modified


def _with(service: Service, **changes: object) -> Service:
    return service.model_copy(update={"assurance": service.assurance.model_copy(update=changes)})
