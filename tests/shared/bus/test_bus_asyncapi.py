"""The AsyncAPI document says what truly travels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.bus import asyncapi_document
from shared.events import GoalUpdated, ReferralAccepted, ReferralCreated, ServiceClosed
from tests.shared.bus.harness import envelope


@pytest.fixture
def document() -> dict[str, Any]:
    return asyncapi_document(
        "referral",
        publishes=[ReferralCreated, ReferralAccepted],
        consumes={"referral": [GoalUpdated]},
    )


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_it_is_asyncapi_3_and_names_the_service(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert document["info"]["title"] == "Linkway referral"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_what_is_published_is_sent_and_what_is_consumed_is_received(
    document: dict[str, Any],
) -> None:
    assert document["operations"] == {
        "send-referral-events": {
            "action": "send",
            "channel": {"$ref": "#/channels/referral-events"},
            "messages": [
                {"$ref": "#/channels/referral-events/messages/referral-accepted"},
                {"$ref": "#/channels/referral-events/messages/referral-created"},
            ],
        },
        "referral-receive-outcome-events": {
            "action": "receive",
            "channel": {"$ref": "#/channels/outcome-events"},
            "messages": [{"$ref": "#/channels/outcome-events/messages/goal-updated"}],
            "bindings": {
                "kafka": {
                    "groupId": {"type": "string", "const": "referral"},
                    "bindingVersion": "0.5.0",
                }
            },
        },
    }
    assert set(document["channels"]) == {"referral-events", "outcome-events"}


def test_payloads_are_the_event_models(document: dict[str, Any]) -> None:
    message = document["components"]["messages"]["referral-created"]
    assert message["payload"] == {"$ref": "#/components/schemas/ReferralCreated"}
    schema = document["components"]["schemas"]["ReferralCreated"]
    assert schema["properties"]["kind"]["enum"] == ["intake", "onward", "signpost"]
    assert schema["properties"]["actor"] == {"$ref": "#/components/schemas/EventActor"}
    sent = json.loads(envelope("case-1").data)
    assert set(sent) == set(schema["properties"])


def test_headers_are_those_of_cloudevents_that_travel(document: dict[str, Any]) -> None:
    headers = document["components"]["schemas"]["cloudEventHeaders"]
    assert set(headers["properties"]) == set(envelope("case-1").headers())


def test_the_same_classes_give_the_same_document_in_any_order() -> None:
    one = asyncapi_document(
        "x",
        [ReferralCreated, ReferralAccepted],
        {"b": [ServiceClosed], "a": [GoalUpdated, ServiceClosed]},
    )
    two = asyncapi_document(
        "x",
        [ReferralAccepted, ReferralCreated],
        {"a": [ServiceClosed, GoalUpdated], "b": [ServiceClosed]},
    )
    assert json.dumps(one) == json.dumps(two)


def test_an_event_both_sent_and_received_is_described_once() -> None:
    document = asyncapi_document(
        "notifications", [ReferralCreated], {"notifications": [ReferralCreated]}
    )
    assert set(document["operations"]) == {
        "send-referral-events",
        "notifications-receive-referral-events",
    }
    assert list(document["components"]["messages"]) == ["referral-created"]
