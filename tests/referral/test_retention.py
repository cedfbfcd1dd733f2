"""How long a record is kept, and what happens when its time is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.referral.domain.person import Death, LegalHold, Person
from services.referral.domain.retention import DEFAULT, RetentionRules, is_over, term, years_after
from shared.clock import Clock
from shared.errors import Erased
from tests.referral.conftest import TENANT, Referring
from tests.referral.people import lead

MADE = datetime(2016, 3, 2, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def someone(**changes: Any) -> Person:
    return Person.model_validate(
        {
            "id": "p1",
            "tenant": TENANT,
            "given_names": "Sample",
            "family_name": "Testperson",
            "birth_date": date(1957, 3, 14),
        }
        | changes
    )


def dead(on: date | None) -> Death:
    return Death(died_on=on, recorded_at=MADE, recorded_by="w", organisation="team-org")


@pytest.mark.parametrize(
    ("changes", "rules", "record_type", "ends_on"),
    [
        ({}, DEFAULT, "adult", date(2024, 3, 2)),
        ({}, RetentionRules(adult_years=20), "adult", date(2036, 3, 2)),
        # 16 when last seen: until the 25th birthday.
        ({"birth_date": date(2000, 2, 29)}, DEFAULT, "child", date(2025, 3, 1)),
        # 17 when last seen: a year longer.
        ({"birth_date": date(1998, 7, 1)}, DEFAULT, "child", date(2024, 7, 1)),
        ({"deceased": dead(date(2017, 5, 4))}, DEFAULT, "deceased", date(2025, 5, 4)),
        ({"deceased": dead(None)}, DEFAULT, "deceased", date(2024, 3, 2)),
        (
            {"deceased": dead(date(2017, 5, 4))},
            RetentionRules(deceased_years=10),
            "deceased",
            date(2027, 5, 4),
        ),
    ],
)
def test_a_record_is_kept_for_the_time_of_its_type(
    changes: dict[str, Any], rules: RetentionRules, record_type: str, ends_on: date
) -> None:
    found = term(someone(**changes), MADE, (), rules, NOW)

    assert found == (record_type, date(2016, 3, 2), ends_on)
    assert is_over(found, ends_on)
    assert not is_over(found, ends_on - timedelta(days=1))


def test_a_legal_hold_keeps_the_record_however_old_it_is() -> None:
    hold = LegalHold(reason_code="inquest", since=MADE, by="w", organisation="team-org")

    assert term(someone(legal_hold=hold), MADE, (), DEFAULT, NOW) is None


def test_a_leap_day_has_its_years_on_the_first_of_march() -> None:
    assert years_after(date(2016, 2, 29), 8) == date(2024, 2, 29)
    assert years_after(date(2016, 2, 29), 7) == date(2023, 3, 1)


def admin(referring: Referring) -> Mapping[str, str]:
    return referring.as_("tenant_admin", "icb")


async def ended(referring: Referring, **person: object) -> str:
    """Someone whose referral was withdrawn today; their id."""
    made = await referring.refer(**person)
    path = f"/referrals/{made.json()['id']}"
    over = await referring.http.post(
        f"{path}/withdraw", json={"reason_code": "no_longer_needed"}, headers=referring.practice
    )
    assert over.status_code == 200, over.text
    return (await referring.stores.referrals.get(made.json()["id"], TENANT)).state.person_id


async def due(referring: Referring) -> list[dict[str, Any]]:
    answer = await referring.http.get("/retention/due", headers=admin(referring))
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_only_what_is_past_its_time_goes_and_goes_once(
    referring: Referring,
) -> None:
    gone = await ended(referring)
    staying = await referring.refer(person=OTHER)
    held = await ended(referring, person=OTHER | {"family_name": "Heldperson"})
    await referring.http.put(
        f"/persons/{held}/legal-hold", json={"held": True}, headers=lead(referring)
    )
    assert await due(referring) == []
    clock: Clock = referring.app.state.clock
    clock.advance(timedelta(days=8 * 366))

    (found,) = await due(referring)

    today = datetime.now(UTC).date()
    assert (found["person_id"], found["record_type"]) == (gone, "adult")
    assert found["last_seen"] == today.isoformat()
    for _ in range(2):
        answer = await referring.http.post(
            "/retention/erasures", json={"person_id": gone}, headers=admin(referring)
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["ground"] == "retention_ended"
        assert answer.json()["decision"]["legal_basis"] == "art_5_1_e"
    with pytest.raises(Erased):
        await referring.stores.persons.get(gone, TENANT)
    assert await due(referring) == []
    open_person = (
        await referring.stores.referrals.get(staying.json()["id"], TENANT)
    ).state.person_id
    for kept in (open_person, held):
        refused = await referring.http.post(
            "/retention/erasures", json={"person_id": kept}, headers=admin(referring)
        )
        assert refused.status_code == 409
        assert (await referring.stores.persons.get(kept, TENANT)).state.given_names == "Other"


OTHER: dict[str, object] = {
    "given_names": "Other",
    "family_name": "Testperson",
    "birth_date": "1960-01-01",
}


async def test_a_tenants_own_rules_count_and_leave_its_other_rules_alone(
    referring: Referring,
) -> None:
    person = await ended(referring)
    other = await referring.http.put("/rules", json={"minimum_age": 16}, headers=admin(referring))
    assert other.status_code == 200, other.text
    put = await referring.http.put(
        "/retention/rules", json={"adult_years": 0}, headers=admin(referring)
    )
    assert put.status_code == 200, put.text

    assert [each["person_id"] for each in await due(referring)] == [person]
    read = await referring.http.get("/retention/rules", headers=admin(referring))
    assert read.json() == {"adult_years": 0, "child_until_age": 25, "deceased_years": 8}
    rules = await referring.http.get("/rules", headers=referring.team)
    assert rules.json()["minimum_age"] == 16


async def test_pages_of_persons_lead_to_the_end(referring: Referring) -> None:
    persons = {
        await ended(referring, person=OTHER | {"family_name": f"Person{letter}"})
        for letter in "abc"
    }
    await referring.http.put("/retention/rules", json={"adult_years": 0}, headers=admin(referring))
    found: list[str] = []
    cursor = ""
    while True:
        page = (
            await referring.http.get(f"/retention/due?limit=1{cursor}", headers=admin(referring))
        ).json()
        found += [each["person_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert sorted(found) == sorted(persons)


async def test_only_a_tenants_admin_lets_records_go(referring: Referring) -> None:
    for headers in (referring.team, lead(referring), referring.practice):
        assert (await referring.http.get("/retention/due", headers=headers)).status_code == 403
        assert (
            await referring.http.post(
                "/retention/erasures", json={"person_id": "x"}, headers=headers
            )
        ).status_code == 403
