"""A JSON body is bounded in depth and in values before anything is built from it."""

import json
from contextlib import suppress
from time import perf_counter

import pytest

from shared.errors import Invalid, TooLarge
from shared.web.shape import check_shape


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def check(body: bytes) -> None:
    check_shape(body, depth=4, values=10)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"1",
        nested(4),
        b'{"a": {"b": {"c": {"d": 1}}}}',
        b"[[[[]]], [[[]]]]",
        b"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
        b'{"a": 1, "b": [1, 2, 3, 4, 5, 6, 7, 8]}',
    ],
)
def test_what_keeps_to_the_bounds_is_let_through(body: bytes) -> None:
    check(body)


@pytest.mark.parametrize("body", [nested(5), b'{"a": [{"b": [{}]}]}', b"[" * 100_000])
def test_one_level_more_is_refused_and_told_the_bound(body: bytes) -> None:
    with pytest.raises((Invalid, TooLarge)):
        check(body)
    with pytest.raises(Invalid, match="deeper than 4 levels") as refused:
        check_shape(body, depth=4, values=1_000_000)
    assert refused.value.context == {"max_depth": 4}


@pytest.mark.parametrize(
    "body",
    [
        b"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]",
        b'{"a": 1, "b": [1, 2, 3, 4, 5, 6, 7, 8, 9]}',
        b"[[],[],[],[],[],[],[],[],[],[]]",
    ],
)
def test_one_value_more_is_refused_and_told_the_bound(body: bytes) -> None:
    with pytest.raises(TooLarge, match="more than 10 values") as refused:
        check(body)
    assert refused.value.context == {"max_values": 10}


@pytest.mark.parametrize(
    "text",
    ["[[[[[[[[", "{{{{{{{{", ",,,,,,,,,,,,,", 'a "quoted [[[[[[[[ word" and \\', "\\\\[[[[[[[["],
)
def test_what_stands_in_a_string_does_not_count(text: str) -> None:
    check(json.dumps({"note": text}).encode())
    check(json.dumps([text, {text: text}]).encode())


@pytest.mark.parametrize(
    "body",
    [
        b'"' + rb"\"" * 2_000_000,
        b'"' * 4_000_001,
        b'["' + b"\\" * 4_000_001,
        b"[" * 4_000_000,
        b"[]" * 2_000_000,
        b"}" * 4_000_000,
        b"[" + b'"' * 4_000_000,
    ],
    ids=["escaped", "quotes", "backslashes", "open", "pairs", "closed", "one open"],
)
def test_no_body_of_some_megabytes_takes_more_than_its_length_is_worth(body: bytes) -> None:
    began = perf_counter()
    with suppress(Invalid, TooLarge):
        check_shape(body, depth=32, values=10_000)
    # Far above what it takes, far below what looking at each byte twice for each would.
    assert perf_counter() - began < 5
