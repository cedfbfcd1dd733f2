"""Reports over HTTP: every subject by every cut, whose they are, JSON and CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from services.outcomes.domain.reports import SUBJECTS
from services.outcomes.handlers.counting import count_due
from shared.cause import Actor
from shared.events import ReferralAccepted
from shared.testing import eventually
from tests.outcomes.asking import Service, faults
from tests.outcomes.examples import (
    GROUP,
    LEAD,
    NOON,
    PRACTICE,
    REFERRER,
    TEAM,
    TENANT,
    WORKER,
    intake,
    referral_fact,
)
from tests.outcomes.reporting import NOW, REPORTER, profiled, tell

SPAN = "from=2026-03&to=2026-03"
PROVIDER = Actor("provider-1", "provider", GROUP, TENANT)


@pytest.fixture
async def twenty(service: Service) -> Service:
    """Twenty cases accepted after two days, each sent on to the group."""
    for n in range(20):
        own = {"case_id": f"case-{n}", "referral_id": f"case-{n}"}
        onward = {"case_id": f"case-{n}", "referral_id": f"onward-{n}", "kind": "onward"}
        onward |= {"provider_organisation_id": GROUP}
        accepted = referral_fact(ReferralAccepted, 3, occurred_at=NOON + timedelta(days=2, hours=2))
        await tell(
            service.stores,
            intake().model_copy(update=own),
            profiled().model_copy(update=own),
            accepted.model_copy(update=own),
            intake().model_copy(update=onward),
        )

    async def counted() -> bool:
        await count_due(service.stores, NOW)
        return not await service.stores.cases.uncounted(TENANT)

    await eventually(counted, within=60)
    return service


async def test_every_subject_answers_by_every_cut(twenty: Service) -> None:
    for name, subject in SUBJECTS.items():
        cuts = [(), *combinations(subject.by, 1), *combinations(subject.by, 2)]
        for cut in cuts:
            path = f"/reports/{name}?{SPAN}&by={','.join(cut)}" if cut else f"/reports/{name}"
            answered = await twenty.get(path, REPORTER)
            assert answered.status_code == 200, path
            body = answered.json()
            assert body["by"] == list(cut)
            assert body["counts"]
            assert body["caveats"]
            assert body["is_current"]


async def test_a_report_says_what_it_counts_and_near_enough_how_many(twenty: Service) -> None:
    body = (await twenty.get(f"/reports/referrals?{SPAN}&by=sex", REPORTER)).json()
    assert [line["by"]["sex"] for line in body["lines"]] == ["female", "male", "other", "unknown"]
    women, men = body["lines"][0]["figures"], body["lines"][1]["figures"]
    assert 35 <= women["made"] <= 45
    assert 15 <= women["accepted"] <= 25
    assert women["declined"] is None
    assert set(men.values()) == {None}
    assert body["as_of"] is not None


async def test_waits_are_medians(twenty: Service) -> None:
    body = (await twenty.get(f"/reports/wait?{SPAN}", REPORTER)).json()
    (line,) = body["totals"]
    assert line["category"] == "intake"
    assert line["figures"]["days_to_accept"] == 2
    assert line["figures"]["days_to_first_attended"] is None


@pytest.mark.parametrize(
    ("actor", "most"), [(LEAD, 45), (REFERRER, 45), (PROVIDER, 25)], ids=lambda each: str(each)[:20]
)
async def test_each_role_sees_its_own_and_no_one_elses(
    twenty: Service, actor: Actor, most: int
) -> None:
    own = await twenty.get(f"/reports/referrals?{SPAN}", actor)
    assert own.json()["scope"]["id"] == actor.organisation
    assert 15 <= own.json()["totals"][0]["figures"]["made"] <= most
    for other in ("practice=Y90099", "team=other-team", "provider=other-group"):
        assert (await twenty.get(f"/reports/referrals?{other}", actor)).status_code == 404
    assert (await twenty.get("/reports/unmet-need", actor)).status_code == 404


async def test_a_provider_sees_nothing_of_other_providers(twenty: Service) -> None:
    body = (await twenty.get(f"/reports/referrals?{SPAN}&by=provider", PROVIDER)).json()
    assert [line["by"] for line in body["lines"]] == [{"provider": GROUP}]
    stranger = Actor("provider-2", "provider", "another-group", TENANT)
    empty = (await twenty.get(f"/reports/referrals?{SPAN}", stranger)).json()
    assert empty["lines"] == empty["totals"] == []


async def test_another_tenants_reporter_sees_nothing(twenty: Service) -> None:
    stranger = Actor("reporter-2", "reporter", "icb-2", "another-tenant")
    assert (await twenty.get(f"/reports/referrals?{SPAN}", stranger)).json()["totals"] == []


async def test_a_link_worker_has_no_reports(service: Service) -> None:
    assert (await service.get("/reports/referrals", WORKER)).status_code == 403


async def test_the_last_twelve_months_are_those_of_the_services_own_clock(
    service: Service,
) -> None:
    service.clock.advance(timedelta(days=62))
    later = datetime.now(UTC) + timedelta(days=62)
    answered = (await service.get("/reports/need", REPORTER)).json()
    assert answered["months"][1] == later.strftime("%Y-%m")


async def test_a_report_there_is_not_is_not_found(service: Service) -> None:
    assert (await service.get("/reports/money", REPORTER)).status_code == 404


async def test_a_bad_question_names_what_may_be_asked(service: Service) -> None:
    get = service.get
    assert (
        "one or two of practice"
        in faults(await get("/reports/need?by=shoe", REPORTER))["/query/by"]
    )
    assert faults(await get("/reports/need?by=sex,pcn,provider", REPORTER))
    assert faults(await get("/reports/need?by=sex&by=sex", REPORTER))
    assert faults(await get("/reports/unmet-need?by=sex", REPORTER))
    assert faults(await get("/reports/need?from=2026-13", REPORTER)).keys() == {"/query/from"}
    assert faults(await get("/reports/need?from=2026-05&to=2026-03", REPORTER))
    assert faults(await get(f"/reports/need?practice={PRACTICE}&team={TEAM}", REPORTER))


async def test_a_report_comes_as_csv(twenty: Service) -> None:
    answered = await twenty.get(f"/reports/source?{SPAN}&by=sex&format=csv", REPORTER)
    assert answered.headers["content-type"].startswith("text/csv")
    text = answered.text
    remarks = [line for line in text.splitlines() if line.startswith("#")]
    assert any("Cases by where they came from" in remark for remark in remarks)
    table = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    rows = list(csv.DictReader(io.StringIO(table)))
    women = next(row for row in rows if (row["sex"], row["source_code"]) == ("female", "practice"))
    men = next(row for row in rows if (row["sex"], row["source_code"]) == ("male", "practice"))
    assert women["cases"] in {"15", "20", "25"}
    assert men["cases"] == "[c]"
