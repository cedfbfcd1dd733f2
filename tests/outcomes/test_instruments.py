from typing import Any

import pytest

from services.outcomes.domain import BUILT_IN, Instrument, check_instrument, score
from shared.errors import Invalid
from tests.outcomes.examples import faults
from tests.outcomes.packs import LICENCE, concerns, item, lookup, pack


def misfits(said: dict[str, Any]) -> dict[str, str]:
    """What contradicts itself in a pack, by place."""
    with pytest.raises(Invalid) as caught:
        check_instrument(pack(said))
    return {fault.pointer: fault.reason for fault in caught.value.errors}


def test_ons4_and_ucla3_come_with_linkway_and_nothing_that_needs_a_licence() -> None:
    assert set(BUILT_IN) == {"ons4", "ucla3"}
    anxiety = BUILT_IN["ons4"].items[3]
    assert anxiety.wording == "Overall, how anxious did you feel yesterday?"
    assert BUILT_IN["ons4"].scoring.method == "items"
    assert BUILT_IN["ons4"].compared == {
        "life_satisfaction": "higher_is_better",
        "worthwhile": "higher_is_better",
        "happiness": "higher_is_better",
        "anxiety": "lower_is_better",
    }
    assert BUILT_IN["ucla3"].compared == {"total": "lower_is_better"}
    assert BUILT_IN["ucla3"].items[0].labels == {
        "1": "Hardly ever",
        "2": "Some of the time",
        "3": "Often",
    }


def test_the_packs_of_these_tests_hold_together() -> None:
    check_instrument(pack(lookup()))
    check_instrument(pack(concerns()))


# Scoring


@pytest.mark.parametrize(
    ("warmth", "light", "metric", "band"),
    [(1, 1, 0, "dim"), (1, 2, 30.5, "dim"), (2, 2, 50, "dim"), (3, 2, 69.5, "bright")],
)
def test_a_table_turns_the_raw_sum_into_its_metric(
    warmth: int, light: int, metric: float, band: str
) -> None:
    scored = score(pack(lookup()), {"warmth": warmth, "light": light})
    assert scored.total == metric
    assert scored.bands == {"total": band}


def test_a_mean_is_of_the_items_that_were_answered() -> None:
    mean = pack(concerns(scoring={"method": "mean"}))
    named = {"first": "Sleep", "second": "Money"}
    assert score(mean, {"first": 5, "second": 4, "wellbeing": 4}, named).total == 4.33
    assert score(mean, {"first": 5, "wellbeing": 2}, {"first": "Sleep"}).total == 3.5


def test_a_concern_is_rated_with_its_name_and_only_a_concern_has_one() -> None:
    with pytest.raises(Invalid) as caught:
        score(pack(concerns()), {"first": 5, "wellbeing": 4}, {"wellbeing": "Fine"})
    assert {fault.pointer: fault.reason for fault in caught.value.errors} == {
        "/concerns": "takes only items that the person names",
        "/concerns/first": "must say in the person's words what was rated",
    }


def test_an_item_that_is_not_required_may_be_left_out() -> None:
    scored = score(pack(concerns()), {"first": 5, "wellbeing": 4}, {"first": "Sleep"})
    assert scored.total is None
    with pytest.raises(Invalid) as caught:
        score(pack(concerns()), {"first": 5, "second": 7}, {"first": "a", "second": "b"})
    assert [fault.pointer for fault in caught.value.errors] == [
        "/answers/second",
        "/answers/wellbeing",
    ]


# What a pack must be


def test_a_pack_is_not_installed_without_its_licence() -> None:
    found = faults(Instrument, **lookup(licence={"notice": "Ours", "held": False}))
    assert found == {"/licence/held": "must be true: without a licence do not install it"}
    found = faults(Instrument, **lookup(licence={"held": True}))
    assert found == {"/licence/notice": "Field required"}


def test_each_wrong_field_of_a_pack_is_named() -> None:
    wrong = lookup(
        id="Porch Light",
        version="",
        items=[item("warmth", highest=3, colour="red"), item("light", highest="3")],
        scoring={"method": "median"},
        direction="up",
    )
    assert list(faults(Instrument, **wrong)) == [
        "/id",
        "/version",
        "/items/0/colour",
        "/items/1/highest",
        "/scoring/method",
        "/direction",
    ]


def test_a_pack_that_contradicts_itself_is_told_where() -> None:
    broken = [item("warmth", 3, 3), item("warmth"), item("total", labels={"4": "Four"})]
    assert misfits(lookup(items=broken, scoring={"method": "sum"}, bands=[])) == {
        "/items/0/highest": "must be more than lowest",
        "/items/1/id": 'must be another than those before and "total"',
        "/items/2/id": 'must be another than those before and "total"',
        "/items/2/labels": "must name answers from lowest to highest",
    }


def test_a_table_has_every_raw_sum_once() -> None:
    reason = "must have each raw sum from 2 to 6 exactly once"
    table = lookup()["scoring"]["table"]
    for wrong in ([], table[:-1], [*table, table[0]], [*table, {"raw": 7, "metric": 1}]):
        scoring = {"method": "table", "table": wrong}
        assert misfits(lookup(scoring=scoring, bands=[])) == {"/scoring/table": reason}
    scoring = {"method": "sum", "table": table}
    assert misfits(lookup(scoring=scoring, bands=[])) == {
        "/scoring/table": "belongs to the method table"
    }
    optional = [item("warmth"), item("light", required=False)]
    assert "/items" in misfits(lookup(items=optional))


@pytest.mark.parametrize(
    ("bands", "places"),
    [
        ([("dim", 50)], ["/bands/0/up_to"]),
        ([("dim", 50), ("bright", 50), ("glaring", 100)], ["/bands/1/up_to"]),
        ([("none", -1), ("bright", 100)], ["/bands/0/up_to"]),
        ([("dim", 50), ("dim", 100)], ["/bands"]),
    ],
)
def test_bands_rise_and_hold_every_score(bands: list[tuple[str, float]], places: list[str]) -> None:
    said = [{"code": code, "up_to": up_to} for code, up_to in bands]
    assert list(misfits(lookup(bands=said))) == places
    banded = item("warmth", 0, 100, bands=said)
    assert list(misfits(concerns(items=[banded]))) == [f"/items/0{place}" for place in places]


def test_what_has_no_total_has_bands_by_item_alone() -> None:
    said = concerns(bands=[{"code": "fine", "up_to": 6}])
    assert misfits(said) == {"/bands": "belong to the items, as there is no total"}


def test_a_pack_leaves_at_most_five_items_to_the_person_to_name() -> None:
    named = [item(f"concern-{n}", named_by_person=True) for n in range(6)]
    assert misfits(concerns(items=named)) == {"/items": "may leave at most 5 to the person to name"}


def test_a_band_ends_at_a_number() -> None:
    found = faults(Instrument, **lookup(bands=[{"code": "bright", "up_to": float("inf")}]))
    assert found == {"/bands/0/up_to": "Input should be a finite number"}


def test_a_built_in_instrument_cannot_be_replaced() -> None:
    assert misfits(lookup(id="ons4")) == {"/id": "is an instrument that comes with Linkway"}


def test_the_licence_notice_stays_with_the_instrument() -> None:
    assert pack(lookup()).licence.notice == LICENCE["notice"]
