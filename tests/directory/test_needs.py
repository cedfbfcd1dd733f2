"""The list of needs is data: what must hold of it."""

import json
from collections import Counter
from importlib.resources import files
from typing import get_args

from services.directory.domain import NEEDS, Need, NeedGroup
from services.directory.domain.needs import needs_of_terms
from tests.directory.examples import WORKER, Api, listing, pointers

VERIFIED_SNOMED = frozenset[str]()
"""Concepts of needs that the domain reference verifies: none; it verifies that of being
referred, 871731000000106, which is no need."""


def raw() -> list[dict[str, object]]:
    needs: list[dict[str, object]] = json.loads(
        files("services.directory").joinpath("needs.json").read_bytes()
    )
    return needs


def test_there_are_about_30_needs_and_no_code_comes_twice() -> None:
    codes = Counter(need["code"] for need in raw())
    assert 28 <= len(codes) <= 35
    assert set(codes.values()) == {1}


def test_every_need_is_written_out_in_full() -> None:
    fields = {"code", "group", "label", "taxonomy_terms", "snomed_ct"}
    assert [need["code"] for need in raw() if set(need) != fields] == []


def test_each_of_the_seven_groups_has_needs() -> None:
    groups = Counter(need.group for need in NEEDS.values())
    assert set(groups) == set(get_args(NeedGroup))
    assert len(groups) == 7
    assert min(groups.values()) >= 3


def test_labels_differ_so_that_people_can_tell_needs_apart() -> None:
    labels = Counter(need.label.casefold() for need in NEEDS.values())
    assert set(labels.values()) == {1}


def test_no_taxonomy_term_comes_twice_within_a_need() -> None:
    for need in NEEDS.values():
        assert len(set(need.taxonomy_terms)) == len(need.taxonomy_terms), need.code


def test_a_need_has_a_snomed_code_only_where_it_was_verified() -> None:
    stated = {need.snomed_ct for need in NEEDS.values() if need.snomed_ct is not None}
    assert stated <= VERIFIED_SNOMED


def test_words_of_a_taxonomy_mean_needs_whatever_their_case() -> None:
    assert needs_of_terms(["food BANK", "Debt", "Nothing we know"]) == (
        "food_support",
        "debt_advice",
    )
    assert needs_of_terms([" Mental Health "]) == ("low_mood", "anxiety_stress")


def test_a_needs_code_is_a_word_for_it_so_that_a_source_can_use_the_list_itself() -> None:
    assert needs_of_terms(["carer_support", "Loneliness"]) == ("carer_support", "loneliness")
    assert needs_of_terms(NEEDS) == tuple(NEEDS)


def test_the_words_for_needs_are_our_own() -> None:
    stated = {term.taxonomy for need in NEEDS.values() for term in need.taxonomy_terms}
    assert stated == {"linkway-needs"}
    assert [need.code for need in NEEDS.values() if not need.taxonomy_terms] == []


def test_a_listing_without_need_codes_answers_those_of_its_terms() -> None:
    terms = [{"taxonomy_term": {"name": "Food bank"}}]
    assert listing(attributes=terms).needs == ("food_support",)
    assert listing(attributes=terms, need_codes=["loneliness"]).needs == ("loneliness",)
    assert listing().needs == ()


async def test_needs_are_listed_with_what_they_are_mapped_to(api: Api) -> None:
    answer = await api("GET", "/needs", actor=WORKER)
    assert answer.status_code == 200
    assert [Need.model_validate(each) for each in answer.json()["items"]] == list(NEEDS.values())
    grief = next(each for each in answer.json()["items"] if each["code"] == "bereavement")
    assert grief == {
        "code": "bereavement",
        "group": "mental_wellbeing",
        "label": "Grief and loss",
        "taxonomy_terms": [
            {"taxonomy": "linkway-needs", "name": "Bereavement"},
            {"taxonomy": "linkway-needs", "name": "Bereavement support"},
            {"taxonomy": "linkway-needs", "name": "Grief"},
        ],
        "snomed_ct": None,
    }


async def test_needs_are_listed_by_group(api: Api) -> None:
    answer = await api("GET", "/needs?group=housing", actor=WORKER)
    codes = [each["code"] for each in answer.json()["items"]]
    assert codes == ["housing_advice", "homelessness", "home_condition"]
    wrong = await api("GET", "/needs?group=nonsense", actor=WORKER)
    assert (wrong.status_code, pointers(wrong.json())) == (422, ["/query/group"])
