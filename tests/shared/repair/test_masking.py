from __future__ import annotations

from shared.repair import masked, shown_headers, unmasked


def test_a_payload_is_told_by_its_shape() -> None:
    sent = b'{"case_id": "abc", "seq": 3, "open": true, "actor": {"role": "x"}, "l": [1.5, null]}'
    assert masked(sent) == {
        "case_id": "text of 3",
        "seq": "number",
        "open": "true or false",
        "actor": {"role": "text of 1"},
        "l": ["number", "null"],
    }


def test_bytes_that_are_not_json_are_counted_and_shown_only_on_demand() -> None:
    assert masked(b"\xff\xfe Jane") == "7 bytes that are not JSON"
    assert unmasked(b"\xff\xfe Jane") == "\\xff\\xfe Jane"
    assert masked(None) == "nothing"
    assert unmasked(None) is None
    assert unmasked(b'{"seq": 3}') == {"seq": 3}


def test_headers_that_may_name_a_record_are_told_by_length() -> None:
    headers = [
        ("ce_type", b"referral-created"),
        ("ce_subject", b"case-1"),
        ("x-name", b"Jane Roe"),
        ("empty", None),
    ]
    assert shown_headers(headers) == [
        ("ce_type", "referral-created"),
        ("ce_subject", "6 bytes"),
        ("x-name", "8 bytes"),
        ("empty", "nothing"),
    ]
