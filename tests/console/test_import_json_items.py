from pathlib import Path
from typing import Any

import pytest

from services.console.importing import json_items
from services.console.importing.records import Unreadable


def items(folder: Path, text: str) -> list[tuple[int, Any]]:
    path = folder / "services.json"
    path.write_text(text)
    return list(json_items.items(path))


def test_a_list_gives_its_items_each_with_its_line(tmp_path: Path) -> None:
    assert items(tmp_path, '\n[1,\n {"a":\n 2},\n\n "x" ]\n') == [(2, 1), (3, {"a": 2}), (6, "x")]


def test_a_page_gives_its_contents_wherever_they_stand(tmp_path: Path) -> None:
    text = '{"size": 2,\n "contents": [\n  {"id": "a"},\n  {"id": "b"}\n ], "empty": false}'

    assert items(tmp_path, text) == [(3, {"id": "a"}), (4, {"id": "b"})]


def test_any_other_object_is_the_one_item(tmp_path: Path) -> None:
    text = '{"id": "a", "nested": {"contents": [1]},\n "contents": "words"}\n'

    assert items(tmp_path, text) == [
        (1, {"id": "a", "nested": {"contents": [1]}, "contents": "words"})
    ]


def test_an_empty_list_has_no_items(tmp_path: Path) -> None:
    assert items(tmp_path, "[ ]") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("[1,\n2", 2),
        ("[1\n2]", 2),
        ('{"contents": [1,\n}', 2),
        ('{"a": 1}\n{"a": 2}', 2),
        ('{"a"\n1}', 2),
    ],
)
def test_what_is_not_json_is_unreadable_naming_the_line(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(Unreadable, match=f"line {line} is not JSON"):
        items(tmp_path, text)
