"""CloudEvents 1.0 in Kafka's binary mode: the headers, there and back, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.errors import Invalid
from shared.events import CapacityChanged, Envelope, parse_data, parse_envelope

ENVELOPE = Envelope(
    id="0195a3c0-0000-7000-8000-0000000000f1",
    type="referral-created",
    source="/linkway/referral",
    time=datetime(2026, 3, 2, 10, 15, 0, 250000, tzinfo=UTC),
    subject="0195a3c0-0000-7000-8000-000000000003",
    key="0195a3c0-0000-7000-8000-000000000001",
    data=b'{"seq":1}',
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    request_id="0195a3c0-0000-7000-8000-0000000000f2",
)
HEADERS = {
    "content-type": "application/json",
    "ce_specversion": "1.0",
    "ce_id": "0195a3c0-0000-7000-8000-0000000000f1",
    "ce_source": "/linkway/referral",
    "ce_type": "referral-created",
    "ce_time": "2026-03-02T10:15:00.250000+00:00",
    "ce_subject": "0195a3c0-0000-7000-8000-000000000003",
    "ce_partitionkey": "0195a3c0-0000-7000-8000-000000000001",
    "ce_dataschema": "https://linkway.example/schemas/referral-created.v1.json",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "ce_requestid": "0195a3c0-0000-7000-8000-0000000000f2",
}


def received(headers: dict[str, str | bytes | None], key: bytes | None = b"k") -> Envelope:
    """The envelope with these headers in place of its own; None leaves one out."""
    merged = {**HEADERS, **headers}
    record = [
        (name, value if isinstance(value, bytes) else value.encode())
        for name, value in merged.items()
        if value is not None
    ]
    return parse_envelope(record, key, ENVELOPE.data)


def test_the_headers_are_those_of_the_kafka_protocol_binding() -> None:
    assert ENVELOPE.headers() == HEADERS


def test_an_envelope_arrives_as_it_was_sent() -> None:
    assert received({}) == ENVELOPE


def test_an_envelope_without_a_trace_has_no_such_header() -> None:
    untraced = Envelope("1", "t", "/s", ENVELOPE.time, "s", "k", b"{}")

    assert "traceparent" not in untraced.headers()
    record = [(name, value.encode()) for name, value in untraced.headers().items()]
    assert parse_envelope(record, b"k", b"{}") == untraced


def test_header_names_may_be_in_any_case() -> None:
    record = [(name.upper(), value.encode()) for name, value in HEADERS.items()]

    assert parse_envelope(record, None, ENVELOPE.data) == ENVELOPE


def test_the_records_key_stands_in_for_a_missing_partition_key() -> None:
    assert received({"ce_partitionkey": None}, b"record-key").key == "record-key"
    assert received({"ce_partitionkey": None}, None).key == ""


def test_optional_headers_may_be_missing_and_unknown_ones_are_passed_over() -> None:
    envelope = received(
        {"ce_subject": None, "content-type": None, "ce_dataschema": None, "ce_other": "x"}
    )

    assert envelope.subject == ""
    assert envelope.data == ENVELOPE.data


def test_a_charset_and_another_offset_are_understood() -> None:
    envelope = received(
        {
            "content-type": "application/json; charset=utf-8",
            "ce_time": "2026-03-02T12:15:00.250+02:00",
        }
    )

    assert envelope.time == ENVELOPE.time
    assert envelope.time.tzinfo == timezone(timedelta(hours=2))


def test_a_record_without_a_value_has_no_data() -> None:
    record = [(name, value.encode()) for name, value in HEADERS.items()]

    assert parse_envelope(record, b"k", None).data == b""


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("ce_specversion", None, "is missing"),
        ("ce_id", None, "is missing"),
        ("ce_source", None, "is missing"),
        ("ce_type", None, "is missing"),
        ("ce_time", None, "is missing"),
        ("ce_id", "", "is missing"),
        ("ce_specversion", "0.3", "must be 1.0"),
        ("content-type", "application/cloudevents+json", "must be application/json"),
        ("content-type", "text/plain", "must be application/json"),
        ("ce_time", "yesterday", "must be an RFC 3339 time"),
        ("ce_time", "2026-03-02T10:15:00", "must state its offset from UTC"),
        ("ce_type", b"\xff\xfe", "is not UTF-8"),
        ("other", b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_a_malformed_header_is_named_with_the_reason_and_never_its_value(
    header: str, value: str | bytes | None, reason: str
) -> None:
    with pytest.raises(Invalid) as raised:
        received({header: value})

    (error,) = raised.value.errors
    assert (error.pointer, error.reason) == (f"/headers/{header}", reason)
    assert raised.value.detail == f"Not a CloudEvent in binary mode: {header} {reason}."
    if isinstance(value, str) and value:
        assert value not in str(raised.value)


def test_a_key_that_is_not_text_is_refused() -> None:
    with pytest.raises(Invalid) as raised:
        received({"ce_partitionkey": None}, b"\xff")

    assert raised.value.errors[0].reason == "is not UTF-8"


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        (b"", [""]),
        (b"not json", [""]),
        (b"[]", [""]),
        (b"\xff", [""]),
        (
            b'{"tenant": "icb-demo"}',
            [
                "/occurred_at",
                "/actor",
                "/service_id",
                "/organisation_id",
                "/service_role",
                "/unit",
                "/maximum",
                "/available",
            ],
        ),
    ],
)
def test_data_that_does_not_fit_is_refused_naming_each_field(
    data: bytes, pointers: list[str]
) -> None:
    envelope = Envelope("1", "capacity-changed", "/s", ENVELOPE.time, "s", "k", data)

    with pytest.raises(Invalid) as raised:
        parse_data(envelope, CapacityChanged)

    assert [error.pointer for error in raised.value.errors] == pointers


def test_a_wrong_value_is_never_repeated() -> None:
    envelope = Envelope(
        "1", "capacity-changed", "/s", ENVELOPE.time, "s", "k", b'{"maximum": "their own words"}'
    )

    with pytest.raises(Invalid) as raised:
        parse_data(envelope, CapacityChanged)

    assert "/maximum" in [error.pointer for error in raised.value.errors]
    assert "own words" not in repr(raised.value)
