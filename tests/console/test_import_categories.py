import json
from pathlib import Path

import pytest

from services.console.importing.categories import CATEGORIES, need_codes

DIRECTORY_NEEDS = Path(__file__).parents[2] / "services" / "directory" / "needs.json"


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        (("Food Banks",), ("food_support",)),
        (("foodbank/community meal",), ("food_support", "loneliness")),
        (("LAL", "Old Town"), ("adult_learning", "digital_skills", "loneliness")),
        (("", "Rope Lane walking group"), ("physical_activity",)),
        (("debt", "Choir"), ("debt_advice",)),
        (("arthritis",), ()),
        (("", ""), ()),
    ],
)
def test_needs_are_told_by_whole_words_of_the_first_text_that_has_any(
    texts: tuple[str, ...], codes: tuple[str, ...]
) -> None:
    assert need_codes(*texts) == codes


def test_the_table_leads_to_every_need_the_directory_knows_and_to_no_other() -> None:
    known = {need["code"] for need in json.loads(DIRECTORY_NEEDS.read_bytes())}

    assert {code for category in CATEGORIES for code in category.need_codes} == known
