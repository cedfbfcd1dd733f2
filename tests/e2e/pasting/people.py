"""A person's record put right, merged, protected, looked into in need, and erased."""

from __future__ import annotations

from functools import partial

from tests.e2e.pasting.docs import ADMIN, LEAD, OTHER_TEAM, SAFEGUARDING, TEAM, Docs, walk

_CASE = """
    POST /referrals
    POST /referrals/{referral_id}/accept
"""


@walk(
    referral=_CASE
    + """
        PATCH /persons/{person_id}
        POST /persons/{person_id}/consent
        POST /persons/{person_id}/consent/withdraw
        POST /persons/{person_id}/moved
        PUT /persons/{person_id}/data-opt-out
        PUT /persons/{person_id}/legal-hold
        POST /persons/{person_id}/restriction
        POST /persons/{person_id}/deceased
        POST /persons/{person_id}/erasure
        POST /erasures/{erasure_id}/decision
    """
)
async def the_record_of_a_person_is_put_right(docs: Docs) -> None:
    """To the request to be erased, which another than who wrote it down decides."""
    case = await docs.accepted_case("Corrected")
    told = partial(docs.paste, service="referral", person_id=await docs.person_of(case))
    await told(TEAM, path="/persons/{person_id}", method="patch")
    for step in ("consent", "consent/withdraw", "moved"):
        await told(TEAM, path=f"/persons/{{person_id}}/{step}")
    await told(LEAD, path="/persons/{person_id}/data-opt-out", method="put")
    await told(LEAD, path="/persons/{person_id}/legal-hold", method="put")
    for step in ("restriction", "deceased"):
        await told(LEAD, path=f"/persons/{{person_id}}/{step}")
    asked = await told(LEAD, path="/persons/{person_id}/erasure")
    path = "/erasures/{erasure_id}/decision"
    await docs.paste(ADMIN, "referral", path, erasure_id=asked["id"])


@walk(
    referral=_CASE
    + """
        POST /referrals/{referral_id}/not-complete
        POST /persons/{person_id}/merge
        POST /persons/{person_id}/unmerge
        POST /persons/{person_id}/not-duplicate
    """
)
async def two_records_are_merged_and_parted(docs: Docs) -> None:
    """The duplicate's case has ended: of an open one the merge would ask whether to end it."""
    kept = await docs.accepted_case("Twofold")
    other = await docs.accepted_case("Twofold")
    path = "/referrals/{referral_id}/not-complete"
    await docs.paste(TEAM, "referral", path, referral_id=other)
    duplicate = await docs.person_of(other)
    told = partial(docs.paste, LEAD, "referral", person_id=await docs.person_of(kept))
    for step in ("merge", "unmerge"):
        await told(path=f"/persons/{{person_id}}/{step}", put_in={"retired_id": duplicate})
    await told(path="/persons/{person_id}/not-duplicate", put_in={"other_id": duplicate})


@walk(
    referral=_CASE
    + """
        POST /persons/{person_id}/break-glass
        POST /safeguarding-concerns
        POST /safeguarding-concerns/{concern_id}/close
    """
)
async def someone_is_seen_in_an_emergency_and_kept_safe(docs: Docs) -> None:
    """The glass is broken by one who has no part in the person."""
    person = await docs.person_of(await docs.accepted_case("Endangered"))
    path = "/persons/{person_id}/break-glass"
    await docs.paste(OTHER_TEAM, "referral", path, person_id=person)
    raised = await docs.paste(
        TEAM, "referral", "/safeguarding-concerns", put_in={"person_id": person}
    )
    path = "/safeguarding-concerns/{concern_id}/close"
    await docs.paste(SAFEGUARDING, "referral", path, concern_id=raised["id"])


@walk(
    referral=_CASE
    + """
        POST /referrals/{referral_id}/not-complete
        POST /persons/{person_id}/deceased
        POST /retention/erasures
    """
)
async def a_record_past_its_time_is_erased(docs: Docs) -> None:
    """Of someone who died longer ago than the eight years that such a record is kept."""
    case = await docs.accepted_case("Departed")
    person = await docs.person_of(case)
    path = "/referrals/{referral_id}/not-complete"
    await docs.paste(TEAM, "referral", path, referral_id=case)
    path, long_ago = "/persons/{person_id}/deceased", {"died_on": "2010-03-01"}
    await docs.paste(LEAD, "referral", path, put_in=long_ago, person_id=person)
    erased = await docs.paste(
        ADMIN, "referral", "/retention/erasures", put_in={"person_id": person}
    )
    assert erased["ground"] == "retention_ended"
