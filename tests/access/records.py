"""Real records of each service, one of each kind, and how an operation about them is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from services.notifications.handlers import delivering, messages_back, people
from services.outcomes import handlers as outcomes
from services.referral import handlers as referral
from shared.cause import Actor, Cause
from shared.events import (
    AppointmentBooked,
    EventActor,
    ReferralCompleted,
    ReferralCreated,
    ServicePublished,
    ServiceRole,
)
from shared.ids import new_id
from tests.notifications.examples import subscription

TENANT = "icb-a"
ORGANISATIONS = {"P": "Y90001", "T": "team-org", "G": "group-org", "O": "other-org"}
SENDERS = {**ORGANISATIONS, "E": "emergency-org"}
"""Those who made the records: `E` broke the glass on one."""
FAR = "9999-12-31T00:00:00Z"

Send = Callable[..., Awaitable[httpx.Response]]
"""``send(method, path, role, organisation letter, body)``: asks, and wants it done."""


def cause(organisation: str = "team-org") -> Cause:
    """Of a fact that a service heard."""
    actor = Actor("test", "service", organisation, TENANT)
    return Cause(id=new_id(), actor=actor, at=datetime.now(UTC), repeatable=True)


async def of_referral(app: FastAPI, send: Send) -> Mapping[str, str]:
    """A person, their intake, an onward referral that is served, a session with a place in it."""
    team, group = new_id(), new_id()
    for heard in (
        published(team, "team-org", "link_worker_team"),
        published(group, "group-org", "community"),
    ):
        await referral.note_listing(app.state.stores, heard, cause())
    person = {"given_names": "Sample", "family_name": "Testperson", "birth_date": "1957-03-14"}
    asked: dict[str, Any] = {
        "kind": "intake",
        "service_id": team,
        "person": person,
        "need_codes": ["loneliness"],
        "reason": "Would like company.",
        "consent": {"given": True, "method": "verbal"},
    }
    case = (await send("POST", "/referrals", "referrer", "P", asked)).json()
    await send("POST", f"/referrals/{case['id']}/accept", "link_worker", "T", {})
    asked |= {"kind": "onward", "service_id": group, "case_id": case["id"]}
    del asked["person"]
    onward = (await send("POST", "/referrals", "link_worker", "T", asked)).json()
    path = f"/referrals/{onward['id']}"
    await send("POST", f"{path}/accept", "provider", "G", {})
    start = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    booked = await send("POST", f"{path}/appointments", "provider", "G", {"start": start})
    session = await send(
        "POST", "/sessions", "provider", "G", {"service_id": group, "start": start, "maximum": 9}
    )
    concern = await send(
        "POST",
        "/safeguarding-concerns",
        "link_worker",
        "T",
        {
            "person_id": case["person_id"],
            "category": "neglect",
            "severity": "low",
            "details": "Seen at home.",
        },
    )
    other = asked | {"kind": "intake", "service_id": team, "person": person | {"family_name": "B"}}
    del other["case_id"]
    erased = (await send("POST", "/referrals", "referrer", "P", other)).json()["person_id"]
    ground = {"ground": "objection"}
    erasure = await send("POST", f"/persons/{erased}/erasure", "team_lead", "T", ground)
    opened = await send(
        "POST",
        f"/persons/{case['person_id']}/break-glass",
        "team_lead",
        "E",
        {"reason_code": "urgent_contact", "reason": "Rang in distress."},
    )
    return {
        "erasure_id": erasure.json()["id"],
        "override_id": opened.json()["id"],
        "referral_id": onward["id"],
        "person_id": case["person_id"],
        "appointment_id": booked.json()["appointment_id"],
        "session_id": session.json()["id"],
        "concern_id": concern.json()["id"],
        "organisation_id": "team-org",
        "worker_id": "worker-1",
        "step": "",
        "case_id": case["id"],
        "team_service": team,
        "group_service": group,
    }


async def of_directory(app: FastAPI, send: Send) -> Mapping[str, str]:
    """A service of the group, with a problem reported, and the team's organisation."""
    del app
    organisation = {"id": "team-org", "name": "Sample Team", "kind": "provider"}
    await send("PUT", "/organisations", "directory_curator", "T", [organisation])
    made = await send("PUT", "/services/svc-1", "directory_curator", "T", listing("group-org"))
    assert made.status_code == httpx.codes.CREATED, made.text
    problem = {"problem_code": "wrong_times", "text": "Thursdays now."}
    await send("POST", "/services/svc-1/problems", "link_worker", "T", problem)
    listed = await send("GET", "/services/svc-1/problems", "provider", "G", None)
    return {
        "service_id": "svc-1",
        "organisation_id": "team-org",
        "problem_id": listed.json()["items"][0]["id"],
    }


async def of_outcomes(app: FastAPI, send: Send) -> Mapping[str, str]:
    """A plan with an assessment and a goal that has a step."""
    case = new_id()
    await outcomes.open_plan(app.state.stores, fact(ReferralCreated, case, case), cause())
    path = f"/plans/{case}"
    begun = await send("POST", f"{path}/assessments/start", "link_worker", "T", {})
    wish = {"wording": "Walk to the shop", "need_code": "physical_activity", "confidence": 4}
    goal = await send("POST", f"{path}/goals", "link_worker", "T", wish)
    step = await send(
        "POST", f"{path}/goals/{goal.json()['id']}/steps", "link_worker", "T", {"wording": "Shoes"}
    )
    return {
        "case_id": case,
        "assessment_id": begun.json()["id"],
        "goal_id": goal.json()["id"],
        "step_id": step.json()["step_id"],
        "instrument_id": "ons4",
        "subject": "referrals",
    }


async def of_notifications(app: FastAPI, send: Send) -> Mapping[str, str]:
    """A subscription of the team's with a delivery, a message to the practice, one to a person."""
    del send
    stores = app.state.stores
    case = new_id()
    lead = Actor("lead", "team_lead", "team-org", TENANT)
    made = subscription("referral-created", actor=lead)
    await stores.subscriptions.insert(made.id, made, [], cause())
    created = fact(ReferralCreated, case, case)
    await delivering.tell(stores, created, cause())
    ended = fact(ReferralCompleted, case, case, outcome_code="goals_met")
    await messages_back.tell_back(stores, ended, cause())
    start = datetime.now(UTC) + timedelta(days=3)
    booked = fact(
        AppointmentBooked, case, case, appointment_id="a-1", start=start, mode="in_person"
    )
    await people.tell_person(stores, booked, cause())
    [delivery] = (await stores.deliveries.find(TENANT, {})).items
    [back] = (await stores.messages_back.find(TENANT, {})).items
    return {
        "subscription_id": made.id,
        "delivery_id": delivery.id,
        "return_id": back.id,
        "name": "appointment-reminder",
    }


def fact(event: type[Any], case: str, referral_id: str, **said: Any) -> Any:
    """A fact about the practice's referral to the team."""
    own: dict[str, Any] = {
        "tenant": TENANT,
        "seq": 1,
        "occurred_at": datetime.now(UTC),
        "actor": EventActor(role="referrer", organisation="Y90001"),
        "case_id": case,
        "person_id": new_id(),
        "source_organisation_id": "Y90001",
        "team_organisation_id": "team-org",
        "referral_id": referral_id,
        "kind": "intake",
        "service_id": "team-service",
        "referrer_organisation_id": "Y90001",
        "provider_organisation_id": "team-org",
    }
    if event is ReferralCreated:
        own["need_codes"] = ("loneliness",)
    return event.model_validate({**own, **said})


def published(service_id: str, organisation: str, role: ServiceRole) -> ServicePublished:
    """A service of the directory, as the referral service hears of it."""
    return ServicePublished(
        tenant=TENANT,
        seq=1,
        occurred_at=datetime.now(UTC),
        actor=EventActor(role="directory_curator", organisation="icb"),
        service_id=service_id,
        organisation_id=organisation,
        service_role=role,
    )


def listing(organisation: str) -> dict[str, Any]:
    """A community service of this organisation."""
    return {
        "id": "svc-1",
        "name": "Sample Walks",
        "organization": {"id": organisation, "name": "Sample Group"},
        "status": "active",
    }
