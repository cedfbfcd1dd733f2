"""Referrals from an intake to their end, group sessions, and the rules of a tenant."""

from __future__ import annotations

from functools import partial
from typing import Any

from shared.testing import eventually
from tests.e2e.pasting.docs import ADMIN, GROUP, LEAD, PRACTICE, TEAM, Docs, walk


@walk(
    referral="""
        POST /referrals
        POST /referrals/{referral_id}/accept
        POST /referrals/{referral_id}/appointments
        POST /sessions
        POST /sessions/{session_id}/places
        POST /sessions/{session_id}/attendance
    """,
    outcomes="""
        POST /plans/{case_id}/assessments
        POST /plans/{case_id}/goals
        POST /plans/{case_id}/measures
    """,
)
async def a_newcomer_comes_from_an_intake_to_a_session(docs: Docs) -> None:
    """The examples that name nobody are sent whole: intake, appointment, session."""
    await docs.until_services_are_known()
    refer = partial(docs.paste, service="referral", path="/referrals")
    case = (await refer(PRACTICE, named="intake"))["id"]
    await docs.paste(TEAM, "referral", "/referrals/{referral_id}/accept", referral_id=case)
    await docs.paste(TEAM, "referral", "/referrals/{referral_id}/appointments", referral_id=case)

    onward = (await refer(TEAM, named="onward", put_in={"case_id": case}))["id"]
    await refer(TEAM, named="signpost", put_in={"case_id": case})
    await docs.paste(GROUP, "referral", "/referrals/{referral_id}/accept", referral_id=onward)
    session = (await docs.paste(GROUP, "referral", "/sessions"))["id"]
    of_session = partial(docs.paste, GROUP, "referral", session_id=session)
    await of_session(path="/sessions/{session_id}/places", put_in={"referral_id": onward})
    came = {"attendance": {onward: "attended"}}
    await of_session(path="/sessions/{session_id}/attendance", put_in=came)

    await eventually(partial(docs.read, TEAM, "outcomes", f"/plans/{case}"), within=20)
    for path in ("assessments", "goals", "measures"):
        await docs.paste(TEAM, "outcomes", f"/plans/{{case_id}}/{path}", case_id=case)


@walk(
    referral="""
        PUT /teams/{organisation_id}/workers/{worker_id}
        PUT /rules
        PUT /retention/rules
    """
)
async def a_team_and_a_tenants_rules_are_stated(docs: Docs) -> None:
    """By the team's lead and by the tenant's administrator."""
    path = "/teams/{organisation_id}/workers/{worker_id}"
    await docs.paste(
        LEAD, "referral", path, method="put", organisation_id=LEAD[1], worker_id="worker-1"
    )
    await docs.paste(ADMIN, "referral", "/rules", method="put")
    await docs.paste(ADMIN, "referral", "/retention/rules", method="put")


@walk(
    referral="""
        POST /referrals
        POST /referrals/{referral_id}/accept
        POST /referrals/{referral_id}/ask
        POST /referrals/{referral_id}/answer
        POST /referrals/{referral_id}/assign
        POST /referrals/{referral_id}/appointments
        POST /referrals/{referral_id}/appointments/{appointment_id}/reschedule
        POST /referrals/{referral_id}/appointments/{appointment_id}/cancel
        POST /referrals/{referral_id}/contacts
        POST /referrals/{referral_id}/notes
        POST /referrals/{referral_id}/hold
        POST /referrals/{referral_id}/complete
        POST /referrals/{referral_id}/decline
        POST /referrals/{referral_id}/dismiss-reroute
        POST /referrals/{referral_id}/withdraw
        POST /referrals/{referral_id}/enter-in-error
        POST /referrals/{referral_id}/reroute
        POST /referrals/{referral_id}/follow-up
        POST /referrals/{referral_id}/not-complete
    """
)
async def a_referral_is_answered_and_ended_in_each_way(docs: Docs) -> None:
    """Each way on a referral of its own, all of one case."""
    case = await docs.accepted_case("Answered")
    made = {"case_id": case, "override_reason": "Another try."}

    async def onward() -> str:
        receipt = await docs.paste(TEAM, "referral", "/referrals", named="onward", put_in=made)
        return str(receipt["id"])

    async def said(who: tuple[str, str], step: str, referral: str, appointment_id: str = "") -> Any:
        path = f"/referrals/{{referral_id}}/{step}"
        return await docs.paste(
            who, "referral", path, referral_id=referral, appointment_id=appointment_id
        )

    taken = await onward()
    for who, step in ((GROUP, "ask"), (TEAM, "answer"), (GROUP, "accept"), (GROUP, "assign")):
        await said(who, step, taken)
    first = (await said(GROUP, "appointments", taken))["appointment_id"]
    step = "appointments/{appointment_id}/"
    second = (await said(GROUP, step + "reschedule", taken, appointment_id=first))["appointment_id"]
    await said(GROUP, step + "attend", taken, appointment_id=second)
    third = (await said(GROUP, "appointments", taken))["appointment_id"]
    await said(GROUP, step + "cancel", taken, appointment_id=third)
    for step in ("contacts", "notes", "hold", "resume", "complete"):
        await said(GROUP, step, taken)

    declined = await onward()
    await said(GROUP, "decline", declined)
    await said(TEAM, "dismiss-reroute", declined)
    await said(TEAM, "withdraw", await onward())
    await said(TEAM, "enter-in-error", await onward())
    await said(TEAM, "reroute", await onward())
    told = await docs.paste(
        TEAM, "referral", "/referrals", named="signpost", put_in={"case_id": case}
    )
    await said(TEAM, "follow-up", told["id"])
    await said(TEAM, "not-complete", case)
