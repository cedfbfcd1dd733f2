"""The items of a JSON file, one by one, each with the line it begins on."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

from services.console.importing.records import Unreadable
from services.console.importing.tables import encoding_of

_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


def items(path: Path) -> Generator[tuple[int, Any], None, None]:
    """The items of a list, of a page's ``contents``, or the one object the file is.

    Raises Unreadable where the text is not JSON, naming the line.
    """
    text = path.read_text(encoding=encoding_of(path))
    start = _skip(text, 0)
    try:
        found = _contents(text, start) if text[start : start + 1] == "{" else start
        if found is None:
            yield text.count("\n", 0, start) + 1, _whole(text, start)
        else:
            yield from _list(text, found)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno} is not JSON: {error.msg}") from error


def _whole(text: str, start: int) -> Any:
    value, end = _DECODER.raw_decode(text, start)
    _expect(text, _skip(text, end), "")
    return value


def _contents(text: str, start: int) -> int | None:
    """Where the list under the object's key ``contents`` begins, if it has one."""
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        if key == "contents" and text[at : at + 1] == "[":
            return at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    return None


def _list(text: str, start: int) -> Generator[tuple[int, Any], None, None]:
    at = _skip(text, _expect(text, start, "["))
    line = text.count("\n", 0, at) + 1
    while text[at : at + 1] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield line, value
        after = _skip(text, end)
        if text[after : after + 1] != "]":
            after = _skip(text, _expect(text, after, ","))
        line += text.count("\n", at, after)
        at = after


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"expected {mark or 'the end'}", text, at)
    return at + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
