"""Plans of the outcomes service, its instruments and its reports."""

from __future__ import annotations

from functools import partial

from shared.testing import eventually
from tests.e2e.pasting.docs import ADMIN, OPERATIONS, TEAM, Docs, walk


@walk(
    referral="""
        POST /referrals
        POST /referrals/{referral_id}/accept
    """,
    outcomes="""
        POST /plans/{case_id}/goals
        POST /plans/{case_id}/goals/{goal_id}/progress
        POST /plans/{case_id}/goals/{goal_id}/steps
        POST /plans/{case_id}/goals/{goal_id}/wording
        POST /plans/{case_id}/goals/{goal_id}/confidence
        POST /plans/{case_id}/goals/{goal_id}/lifecycle
        POST /plans/{case_id}/assessments/start
        PUT /plans/{case_id}/assessments/{assessment_id}
        POST /plans/{case_id}/assessments/{assessment_id}/amend
        PUT /plans/{case_id}/gp-contacts
    """,
)
async def goals_and_assessments_are_followed(docs: Docs) -> None:
    """An assessment is begun, filled in, completed, and put right afterwards."""
    case = await docs.planned_case("Followed")
    plan = partial(docs.paste, TEAM, "outcomes", case_id=case)
    goal = (await plan(path="/plans/{case_id}/goals"))["id"]
    for step in ("progress", "steps", "wording", "confidence", "lifecycle"):
        await plan(path=f"/plans/{{case_id}}/goals/{{goal_id}}/{step}", goal_id=goal)
    begun = (await plan(path="/plans/{case_id}/assessments/start"))["id"]
    path = "/plans/{case_id}/assessments/{assessment_id}"
    await plan(path=path, method="put", assessment_id=begun)
    for step in ("complete", "amend"):
        await plan(path=f"{path}/{step}", assessment_id=begun)
    await plan(path="/plans/{case_id}/gp-contacts", method="put")


@walk(
    outcomes="""
        POST /instruments
        POST /reports/recount
    """
)
async def an_instrument_is_installed_and_reports_are_recounted(docs: Docs) -> None:
    """The invented instrument is there afterwards, and the recount finds nothing to put right."""
    installed = await docs.paste(ADMIN, "outcomes", "/instruments")
    shown = docs.example("outcomes", "post", "/instruments")
    assert (installed["id"], installed["version"]) == (shown["id"], shown["version"])
    await docs.paste(OPERATIONS, "outcomes", "/reports/recount")

    async def counted() -> bool:
        last = await docs.read(OPERATIONS, "outcomes", "/reports/recount")
        return bool(last and last["done_at"])

    await eventually(counted, within=20)
