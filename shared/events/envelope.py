"""CloudEvents 1.0 on Kafka, binary mode: attributes are headers, the value is the data.

Source: the CloudEvents Kafka protocol binding, section 3.2 (binary content mode).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from shared.errors import FieldError, Invalid
from shared.events.base import Event

CONTENT_TYPE = "application/json"
_SCHEMAS = "https://linkway.example/schemas/"
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it lies in the outbox and travels on Kafka.

    ``data`` is the JSON of the event, UTF-8; ``source`` is the service that owns the
    fact, as ``/linkway/<service>``.
    """

    id: str
    type: str
    source: str
    time: datetime
    subject: str
    key: str
    data: bytes
    traceparent: str | None = None
    request_id: str | None = None
    """The HTTP request that led to the fact, if one did: an extension attribute."""

    def headers(self) -> dict[str, str]:
        """The Kafka headers of binary mode."""
        headers = {
            "content-type": CONTENT_TYPE,
            "ce_specversion": "1.0",
            "ce_id": self.id,
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_time": self.time.isoformat(),
            "ce_subject": self.subject,
            "ce_partitionkey": self.key,
            "ce_dataschema": f"{_SCHEMAS}{self.type}.v1.json",
        }
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        if self.request_id:
            headers["ce_requestid"] = self.request_id
        return headers


def parse_envelope(
    headers: Iterable[tuple[str, bytes | None]], key: bytes | None, value: bytes | None
) -> Envelope:
    """Read a Kafka record's headers, key and value as an event.

    Raises Invalid, naming the header, when the record is not a CloudEvent in binary mode.
    """
    texts = {name.lower(): _text(name, raw) for name, raw in headers}
    for name in _REQUIRED:
        if not texts.get(name):
            raise _bad(name, "is missing")
    if texts["ce_specversion"] != "1.0":
        raise _bad("ce_specversion", "must be 1.0")
    if not texts.get("content-type", CONTENT_TYPE).startswith(CONTENT_TYPE):
        raise _bad("content-type", f"must be {CONTENT_TYPE}")
    try:
        time = datetime.fromisoformat(texts["ce_time"])
    except ValueError:
        raise _bad("ce_time", "must be an RFC 3339 time") from None
    if time.tzinfo is None:
        raise _bad("ce_time", "must state its offset from UTC")
    key_text = _text("key", key)
    return Envelope(
        id=texts["ce_id"],
        type=texts["ce_type"],
        source=texts["ce_source"],
        time=time,
        subject=texts.get("ce_subject", ""),
        key=texts.get("ce_partitionkey") or key_text,
        data=value or b"",
        traceparent=texts.get("traceparent"),
        request_id=texts.get("ce_requestid"),
    )


def parse_data(envelope: Envelope, model: type[Event]) -> Event:
    """The envelope's data as the event class ``model``.

    Raises Invalid, naming each field and the broken rule, never the value sent.
    """
    try:
        return model.model_validate_json(envelope.data)
    except ValidationError as error:
        raise Invalid(
            f"The data of {envelope.type} does not fit its schema.",
            errors=field_errors(error),
        ) from None


def field_errors(error: ValidationError, *, under: str = "") -> Sequence[FieldError]:
    """Pydantic's findings as JSON pointers with reasons, without the values."""
    return tuple(
        FieldError(
            pointer=under + "".join(f"/{part}" for part in found["loc"]),
            reason=found["msg"],
        )
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    )


def by_type(events: Iterable[type[Event]]) -> Mapping[str, type[Event]]:
    """Event classes by their word on the wire."""
    return {event.type: event for event in events}


def _text(name: str, raw: bytes | None) -> str:
    try:
        return raw.decode() if raw else ""
    except UnicodeDecodeError:
        raise _bad(name, "is not UTF-8") from None


def _bad(where: str, reason: str) -> Invalid:
    return Invalid(
        f"Not a CloudEvent in binary mode: {where} {reason}.",
        errors=(FieldError(pointer=f"/headers/{where}", reason=reason),),
    )
