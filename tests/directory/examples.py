"""Made-up services, people and facts for the tests of the directory."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

from services.directory.domain import Listing, PostcodeDistrict
from shared.cause import Actor, Cause
from shared.devissuer import DevIssuer
from shared.events import EventActor, ReferralEvent, ReferralKind
from shared.ids import new_id

TENANT = "icb-demo"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 3, 9, tzinfo=UTC)
ALLOTMENTS = {"id": "org-allotments", "name": "Fernley Allotments"}
TENDING = "PUT /services/{service_id}"
"""What they ask for, where a test goes by no route."""

CURATOR = Actor("curator-1", "directory_curator", "org-council", TENANT, operation=TENDING)
WORKER = Actor("worker-2", "link_worker", "org-team", TENANT, operation=TENDING)
PROVIDER = Actor("worker-1", "provider", "org-allotments", TENANT, operation=TENDING)

DISTRICTS = [
    PostcodeDistrict(id="ZZ1", latitude=53.0, longitude=-1.5, town="Fernley"),
    PostcodeDistrict(id="ZZ2", latitude=53.1, longitude=-1.5, town="Upper Fernley"),
]

E = TypeVar("E", bound=ReferralEvent)


def because(actor: Actor = CURATOR, at: datetime = NOON) -> Cause:
    """A cause of its own each time, of someone who tends the directory."""
    return Cause(id=new_id(), actor=replace(actor, operation=actor.operation or TENDING), at=at)


def service(**said: Any) -> dict[str, Any]:
    """A service as a source sends it."""
    return {"id": "svc-1", "name": "Growing Together", "organization": ALLOTMENTS, **said}


def listing(**said: Any) -> Listing:
    """The same, read."""
    return Listing.model_validate(service(**said))


def fact(
    kind: type[E],
    seq: int,
    referral: str = "r-1",
    *,
    referral_kind: ReferralKind = "onward",
    service_id: str = "svc-1",
    tenant: str = TENANT,
    extra: dict[str, Any] | None = None,
) -> E:
    """The ``seq``-th fact of a referral; ``extra`` is what its kind says besides."""
    return kind.model_validate(
        {
            "tenant": tenant,
            "seq": seq,
            "occurred_at": NOON,
            "actor": EventActor(role="link_worker", organisation="org-team"),
            "case_id": f"case-of-{referral}",
            "person_id": "person-1",
            "source_organisation_id": "Y90001",
            "team_organisation_id": "org-team",
            "referral_id": referral,
            "kind": referral_kind,
            "service_id": service_id,
            "referrer_organisation_id": "org-team",
            "provider_organisation_id": "org-allotments",
            "reason_code": "other",
            "outcome_code": "goals_met",
            "question_code": "other",
            "new_referral_id": "r-new",
            "new_service_id": "svc-2",
            **(extra or {}),
        }
    )


@dataclass(frozen=True, slots=True)
class Api:
    """The directory over HTTP; each call is made in the name of ``actor``."""

    client: httpx.AsyncClient
    issuer: DevIssuer

    async def __call__(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        actor: Actor | None = CURATOR,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request; without an actor, one without a token."""
        sent = dict(headers or {})
        if actor is not None:
            token = self.issuer.issue(
                subject=actor.subject,
                role=actor.role,
                organisation=actor.organisation,
                tenant=actor.tenant,
            )
            sent["authorization"] = f"Bearer {token}"
        return await self.client.request(method, path, json=json, headers=sent)


def pointers(problem: dict[str, Any]) -> list[str]:
    """Which fields a problem document names."""
    return [fault["pointer"] for fault in problem["errors"]]
