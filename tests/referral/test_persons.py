"""Who may be one person, merging and parting, who may agree, what is counted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.referral.domain import merging, standing
from services.referral.domain.contact import Contact, Representative, WaySafety
from services.referral.domain.lifecycle import Status
from services.referral.domain.matching import age_band, match_key, may_be_one, profiles
from services.referral.domain.person import Person, Statistics
from services.referral.domain.referral import Referral
from shared.cause import Actor, Cause
from shared.errors import Conflict, Invalid
from tests.referral.actors import NOON, PRACTICE, TEAM, cause_of, onward

LATER = NOON + timedelta(days=1)


def person(**changes: Any) -> Person:
    known: dict[str, Any] = {
        "id": "person-1",
        "tenant": "icb-a",
        "given_names": "Sample",
        "family_name": "Testperson",
        "birth_date": date(1957, 3, 14),
        "contact": Contact(postal_code="ZZ1 2AB"),
    }
    return Person.model_validate(known | changes)


def intake(status: Status = Status.IN_PROGRESS, **changes: Any) -> Referral:
    return (
        onward(status).with_(id="ref-1", kind="intake", provider_organisation_id="team-org")
        if (not changes)
        else onward(status).with_(
            id="ref-1", kind="intake", provider_organisation_id="team-org", **changes
        )
    )


def later(actor: Actor = TEAM) -> Cause:
    return Cause(id="cause-2", actor=actor, at=LATER)


# Duplicates


@pytest.mark.parametrize(
    "other",
    [
        {"given_names": "SAMPLE", "family_name": "test person"},
        {"given_names": "Sámple", "family_name": "Test-Person"},
        {"given_names": "Testperson", "family_name": "Sample"},
        {"contact": Contact(postal_code="zz12ab")},
    ],
)
def test_case_accents_hyphens_spaces_and_order_do_not_make_another_person(
    other: dict[str, Any],
) -> None:
    assert match_key(person(**other)) == match_key(person())


@pytest.mark.parametrize(
    "other",
    [
        {"family_name": "Otherperson"},
        {"birth_date": date(1957, 3, 15)},
        {"contact": Contact(postal_code="ZZ1 2AC")},
    ],
)
def test_another_name_birthday_or_postcode_is_another_person(other: dict[str, Any]) -> None:
    assert match_key(person(**other)) != match_key(person())


def test_no_nhs_number_two_such_persons_may_be_one_and_two_numbers_never() -> None:
    none, first, second = (
        person(id="a"),
        person(id="b", nhs_number="9990000018"),
        person(id="c", nhs_number="9990000050"),
    )
    assert may_be_one(none, first)
    assert may_be_one(none, person(id="d"))
    assert not may_be_one(first, second)
    with pytest.raises(Conflict):
        merging.merge(first, cause_of(TEAM), retired=second, reason="Looks alike.")


# Merge persons


def test_merge_persons_fills_gaps_keeps_what_protects_and_can_be_undone() -> None:
    stays = person(id="a", contact=Contact(telephone="07700 900123", postal_code="ZZ1 2AB"))
    goes = person(
        id="b",
        nhs_number="9990000018",
        language="bfi",
        interpreter_needed=True,
        contact=Contact(
            telephone="07700 900999",
            email="sample@example.org",
            do_not_contact=True,
            address_hidden=True,
            safety={"sms": WaySafety(safe=False)},
        ),
    )
    merged, (fact,) = merging.merge(stays, cause_of(TEAM), retired=goes, reason="One person.")
    assert (fact.type, fact.subject, fact.model_dump()["retired_id"]) == ("person-merged", "a", "b")
    assert merged.contact.telephone == "07700 900123"
    assert merged.contact.email == "sample@example.org"
    assert merged.contact.do_not_contact
    assert merged.contact.address_hidden
    assert not merged.contact.safety["sms"].safe
    assert (merged.language, merged.interpreter_needed) == ("bfi", True)
    assert merged.nhs_number is None, "the alias lets go of its number first"
    merged, _ = merging.take_nhs_number(merged, "b")
    assert merged.nhs_number == "9990000018"
    trail = merged.merges[0]
    assert (trail.by, trail.reason, trail.at) == ("worker-1", "One person.", NOON)
    alias, _ = merging.retire(goes, "a")
    assert alias.merged_into == "a"
    assert alias.nhs_number == "9990000018", "it keeps all it had"

    parted, (undone,) = merging.unmerge(
        merged, later(), retired_id="b", reason="Twins.", case_ids=["case-9"]
    )
    assert (undone.type, undone.model_dump()["case_ids"]) == ("person-unmerged", ("case-9",))
    assert parted.contact == stays.contact
    assert (parted.language, parted.nhs_number) == (None, None)
    assert parted.merges[0].undone_by == "worker-1"
    assert parted.distinct_from == ("b",)
    restored, _ = merging.restore(alias, "a")
    assert restored.merged_into is None


def test_what_was_corrected_after_a_merge_stays_when_it_is_undone() -> None:
    merged, _ = merging.merge(
        person(id="a"), cause_of(TEAM), retired=person(id="b", language="cy"), reason="One."
    )
    corrected, _ = standing.change(merged, later(), language="pl")
    parted, _ = merging.unmerge(corrected, later(), retired_id="b", reason="Two.", case_ids=[])
    assert parted.language == "pl"


def test_two_merges_at_one_moment_leave_one_survivor() -> None:
    first, _ = merging.merge(person(id="a"), cause_of(TEAM), retired=person(id="b"), reason="One.")
    second, _ = merging.merge(person(id="b"), cause_of(TEAM), retired=person(id="a"), reason="One.")
    assert merging.retire(first, "b")[0].merged_into is None
    assert merging.retire(second, "a")[0].merged_into == "a"


def test_referrals_follow_a_merge_of_a_merge_and_come_back() -> None:
    theirs = onward().with_(person_id="c")
    moved, _ = merging.rekey(theirs, ["c", "b", "a"])
    assert (moved.person_id, moved.person_ids_before) == ("a", ("c", "b"))
    assert merging.rekey(moved, ["c", "b", "a"])[0] == moved
    back, _ = merging.unkey(moved, "b")
    assert (back.person_id, back.person_ids_before) == ("b", ("c",))
    assert merging.unkey(back, "b")[0] == back


# Under 18, proxy, interpreter


def test_under_18_needs_someone_who_may_agree() -> None:
    def check(**changes: Any) -> str | None:
        child = person(birth_date=date(2010, 6, 1), **changes)
        try:
            standing.check_old_enough(
                child, pointer="/person/representative", day=date(2026, 3, 2), minimum_age=18
            )
        except Invalid as refused:
            return refused.errors[0].pointer
        return None

    parent = Representative(name="A Parent", relationship="parent")
    assert check() == "/person/representative"
    assert check(representative=parent) == "/person/representative/authority"
    lawful = parent.model_copy(update={"authority": "parental_responsibility"})
    assert check(representative=lawful) is None
    standing.check_old_enough(
        person(birth_date=date(2008, 3, 2)), pointer="/p", day=date(2026, 3, 2), minimum_age=18
    )


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(2008, 3, 3), "0-17"),
        (date(2008, 3, 2), "18-24"),
        (date(1957, 3, 14), "65-74"),
        (date(1941, 3, 2), "85+"),
    ],
)
def test_a_case_is_counted_under_an_age_band(born: date, band: str) -> None:
    assert age_band(born, date(2026, 3, 2)) == band


def test_only_a_new_case_is_counted_and_only_in_coarse_groups() -> None:
    counted = person(
        statistics=Statistics(
            administrative_gender="female", ethnic_group="mixed", deprivation_decile=3
        )
    )
    (fact,) = profiles(intake(Status.SUBMITTED), counted, cause_of(PRACTICE))
    said = fact.model_dump()
    assert (said["age_band"], said["sex"]) == ("65-74", "female")
    assert (said["ethnic_group"], said["deprivation_decile"]) == ("mixed", 3)
    assert fact.key == "ref-1"
    assert fact.parties == frozenset()
    assert "1957" not in fact.model_dump_json()
    assert profiles(onward(), counted, cause_of(TEAM)) == ()
    assert profiles(intake(Status.DRAFT), counted, cause_of(PRACTICE)) == ()
