"""The published language, pinned: what was once on Kafka can be read for ever.

One golden file per event type, written by hand. Adding a field with a default means adding
it to the golden file; renaming, removing or requiring one breaks a test here, as it would
break every receiver.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from shared.errors import Invalid
from shared.events import ALL_EVENTS, Envelope, Event, by_type, parse_data

GOLDEN = Path(__file__).parent
TYPES = by_type(ALL_EVENTS)

PERSONAL = {
    "name",
    "title",
    "given",
    "family",
    "nhs",
    "nhs_number",
    "birth",
    "dob",
    "age",
    "gender",
    "sex",
    "ethnicity",
    "religion",
    "address",
    "street",
    "town",
    "postcode",
    "latitude",
    "longitude",
    "phone",
    "telephone",
    "mobile",
    "email",
    "contact",
    "text",
    "note",
    "notes",
    "comment",
    "comments",
    "description",
    "summary",
    "message",
    "detail",
    "details",
    "answer",
    "answers",
    "score",
    "diagnosis",
    "medication",
}
"""Words no field of an event may hold."""

COARSE = {"case-profiled": {"age_band", "sex"}}
"""What is counted in groups of thousands, and told to no organisation."""


def golden(event_type: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((GOLDEN / f"{event_type}.v1.json").read_text())
    return data


def read(event_type: str, data: object) -> Event:
    """As a consumer reads it from Kafka."""
    any_time = TYPES[event_type].model_validate(golden(event_type)).occurred_at
    envelope = Envelope(
        "event-1", event_type, "/linkway/x", any_time, "s", "k", json.dumps(data).encode()
    )
    return parse_data(envelope, TYPES[event_type])


def field_names(model: type[BaseModel]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names |= field_names(field.annotation)
    return names


def test_there_is_one_golden_file_for_each_event_and_none_else() -> None:
    files = sorted(path.name for path in GOLDEN.glob("*.json"))

    assert files == sorted(f"{event.type}.v1.json" for event in ALL_EVENTS)
    assert len(TYPES) == len(ALL_EVENTS) == 73


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_reads_and_writes_its_golden_form(event_type: str) -> None:
    event = read(event_type, golden(event_type))

    assert type(event) is TYPES[event_type]
    assert json.loads(event.model_dump_json()) == golden(event_type)


@pytest.mark.parametrize("event_type", TYPES)
def test_what_a_newer_writer_adds_is_passed_over(event_type: str) -> None:
    data = golden(event_type)
    newer = {
        **data,
        "added_later": {"deep": [1]},
        "actor": {**data["actor"], "added_later": "word"},
    }

    assert read(event_type, newer) == read(event_type, data)


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_without_its_tenant_time_or_actor_is_refused_naming_the_field(
    event_type: str,
) -> None:
    for field in ("tenant", "occurred_at", "actor"):
        data = golden(event_type)
        del data[field]

        with pytest.raises(Invalid) as raised:
            read(event_type, data)

        assert [error.pointer for error in raised.value.errors] == [f"/{field}"]


@pytest.mark.parametrize("event_type", TYPES)
def test_no_event_has_a_field_for_personal_data_or_free_text(event_type: str) -> None:
    for name in field_names(TYPES[event_type]) - COARSE.get(event_type, set()):
        words = set(name.lower().split("_")) | {name.lower()}
        assert words.isdisjoint(PERSONAL), f"{event_type} has the field {name}"


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_says_where_it_belongs(event_type: str) -> None:
    event = read(event_type, golden(event_type))

    topic, subject, key, parties = WHERE[event_type]
    assert event.topic == f"{topic}-events"
    assert event.subject == golden(event_type)[subject]
    assert event.key == golden(event_type)[key]
    assert event.parties == {golden(event_type)[party] for party in parties}
    assert event.phrase[0].isupper()
    assert not event.phrase.endswith(".")


_REFERRAL = (
    "referral",
    "referral_id",
    "case_id",
    (
        "source_organisation_id",
        "team_organisation_id",
        "referrer_organisation_id",
        "provider_organisation_id",
    ),
)
_DIRECTORY = ("directory", "service_id", "service_id", ("organisation_id",))
_OUTCOME = ("outcome", "case_id", "case_id", ("source_organisation_id", "team_organisation_id"))
_NOTIFICATION = ("notification", "delivery_id", "about_key", ())
_SESSION = ("referral", "session_id", "session_id", ("provider_organisation_id",))
_PERSON = ("referral", "person_id", "person_id", ())
_MESSAGE_BACK = ("notification", "return_id", "case_id", ())

WHERE: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "referral-created": _REFERRAL,
    "referral-accepted": _REFERRAL,
    "referral-waitlisted": _REFERRAL,
    "referral-declined": _REFERRAL,
    "referral-started": _REFERRAL,
    "referral-withdrawn": _REFERRAL,
    "referral-completed": _REFERRAL,
    "referral-not-completed": _REFERRAL,
    "appointment-booked": _REFERRAL,
    "appointment-attended": _REFERRAL,
    "appointment-missed": _REFERRAL,
    "appointment-cancelled": _REFERRAL,
    "service-published": _DIRECTORY,
    "service-changed": _DIRECTORY,
    "service-closed": _DIRECTORY,
    "capacity-changed": _DIRECTORY,
    "assessment-completed": _OUTCOME,
    "goal-updated": _OUTCOME,
    "measure-recorded": _OUTCOME,
    "referral-info-requested": _REFERRAL,
    "referral-info-provided": _REFERRAL,
    "referral-held": _REFERRAL,
    "referral-resumed": _REFERRAL,
    "referral-assigned": _REFERRAL,
    "referral-reminder-due": _REFERRAL,
    "referral-review-due": _REFERRAL,
    "referral-expired": _REFERRAL,
    "referral-reroute-needed": _REFERRAL,
    "referral-rerouted": _REFERRAL,
    "referral-closure-proposed": _REFERRAL,
    "referral-entered-in-error": _REFERRAL,
    "referral-followed-up": _REFERRAL,
    "referral-consent-withdrawn": _REFERRAL,
    "contact-attempted": _REFERRAL,
    "appointment-proposed": _REFERRAL,
    "appointment-reminder-due": _REFERRAL,
    "appointment-arrived": _REFERRAL,
    "appointment-entered-in-error": _REFERRAL,
    "session-scheduled": _SESSION,
    "session-place-taken": _SESSION,
    "session-place-released": _SESSION,
    "session-attendance-recorded": _SESSION,
    "session-held": _SESSION,
    "session-cancelled": _SESSION,
    "case-profiled": ("referral", "referral_id", "case_id", ()),
    "person-changed": _PERSON,
    "person-merged": _PERSON,
    "person-unmerged": _PERSON,
    "person-moved": _PERSON,
    "person-deceased": _PERSON,
    "person-deceased-revoked": _PERSON,
    "person-restriction-changed": _PERSON,
    "person-processing-held": _PERSON,
    "person-data-opt-out-changed": _PERSON,
    "person-erased": _PERSON,
    "directory-erasure-applied": ("directory", "erasure_id", "erasure_id", ()),
    "outcomes-erasure-applied": ("outcome", "erasure_id", "erasure_id", ()),
    "notifications-erasure-applied": ("notification", "erasure_id", "erasure_id", ()),
    "consent-granted": _PERSON,
    "consent-withdrawn": _PERSON,
    "access-overridden": (
        "referral",
        "override_id",
        "person_id",
        ("team_organisation_id",),
    ),
    "service-assured": _DIRECTORY,
    "service-assurance-due": _DIRECTORY,
    "service-problem-reported": _DIRECTORY,
    "organisation-changed": (
        "directory",
        "organisation_id",
        "organisation_id",
        ("organisation_id",),
    ),
    "need-unmet": ("directory", "unmet_id", "need_code", ()),
    "assessment-amended": _OUTCOME,
    "notification-suppressed": _NOTIFICATION,
    "message-back-sent": _MESSAGE_BACK,
    "message-back-acknowledged": _MESSAGE_BACK,
    "message-back-failed": _MESSAGE_BACK,
    "notification-delivered": _NOTIFICATION,
    "notification-failed": _NOTIFICATION,
}
"""The owner, and which fields give the subject, the Kafka key and who may subscribe."""
