"""Reports over HTTP: every subject by every cut, whose they are, JSON and CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from urllib.parse import quote

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
    heard,
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


async def pages_of(service: Service, path: str) -> list[dict[str, Any]]:
    """Every page, from the first to the last."""
    found = [(await service.get(path, REPORTER)).json()]
    while (cursor := found[-1]["next_cursor"]) is not None:
        answered = await service.get(f"{path}&cursor={quote(cursor)}", REPORTER)
        assert answered.status_code == 200, answered.text
        found.append(answered.json())
    return found


async def test_a_wide_report_comes_in_pages_that_make_up_the_whole(twenty: Service) -> None:
    for cut in ("practice,provider", "age_band,sex", "provider,month"):
        path = f"/reports/referrals?{SPAN}&by={cut}"
        whole = (await twenty.get(path, REPORTER)).json()
        assert whole["next_cursor"] is None
        pages = await pages_of(twenty, f"{path}&limit=1")
        lines = [line for page in pages for line in page["lines"]]
        assert all(len(page["lines"]) <= 1 for page in pages)
        assert sorted(lines, key=str) == sorted(whole["lines"], key=str)
        assert all(page["totals"] == whole["totals"] for page in pages)
    csv_page = await twenty.get(f"/reports/referrals?{SPAN}&by=sex&limit=1&format=csv", REPORTER)
    assert csv_page.headers["link"].startswith("</reports/referrals?")
    assert "\r\ntotal," not in csv_page.text


async def test_only_a_cursor_of_such_a_report_is_taken(twenty: Service) -> None:
    path = f"/reports/referrals?{SPAN}&by=sex"
    cursor = (await twenty.get(f"{path}&limit=1", REPORTER)).json()["next_cursor"]
    for other, wrong in (
        ("by=sex,age_band", cursor),
        ("by=sex", "nothing"),
        ("by=sex", "Wzk5XQ=="),
    ):
        answered = await twenty.get(f"/reports/referrals?{other}&cursor={quote(wrong)}", REPORTER)
        assert faults(answered).keys() == {"/query/cursor"}


async def test_operations_order_a_recount_and_read_how_it_ended(twenty: Service) -> None:
    path, operator = "/reports/recount", Actor("operator-1", "operations", "icb", TENANT)
    assert (await twenty.get(path, operator)).status_code == 404
    assert (await twenty.post(path, REPORTER, {})).status_code == 403
    [broken] = [id_ for id_ in await twenty.stores.cells.ids(TENANT) if "|need|" in id_][:1]
    wrong = {"rows": {"bad|65-74|all|cases": 7}}
    await twenty.stores.cells.update(
        broken, lambda cell: (cell.model_copy(update=wrong), ()), heard("bug"), remember=False
    )

    async def recounted(*, repair: bool) -> Any:
        ordered = await twenty.post(path, operator, {"repair": repair})
        assert (ordered.status_code, ordered.json()["done_at"]) == (202, None)

        async def done() -> Any:
            answered = (await twenty.get(path, operator)).json()
            return answered if answered["done_at"] else None

        return await eventually(done, within=30)

    assert (await recounted(repair=True))["differing"] == 1
    assert (await recounted(repair=False))["differing"] == 0


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
