"""The AsyncAPI 3.0.0 document of a service, from the event classes themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from shared.events import Event

Json = dict[str, Any]

_TEXT = {"type": "string"}
_HEADERS: Json = {
    "type": "object",
    "description": "CloudEvents 1.0, binary content mode, and W3C Trace Context.",
    "required": ["content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
    "properties": {
        "content-type": {"type": "string", "const": "application/json"},
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "description": "The same for every copy of one event."},
        "ce_source": {"type": "string", "description": "`/linkway/<service>`, the fact's owner."},
        "ce_type": _TEXT,
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "Id of the record the fact is about."},
        "ce_partitionkey": {"type": "string", "description": "The key of the Kafka record."},
        "ce_dataschema": {"type": "string", "format": "uri"},
        "ce_requestid": {
            "type": "string",
            "description": "The HTTP request that led to the fact, if one did.",
        },
        "traceparent": _TEXT,
    },
}


def asyncapi_document(
    service: str,
    publishes: Sequence[type[Event]],
    consumes: Mapping[str, Sequence[type[Event]]],
) -> Json:
    """What ``service`` sends and receives on Kafka; ``consumes`` by the name of each consumer.

    Topics are named without the installation's prefix. Servers are left out: each
    installation has its own. The same input gives the same document, key for key.
    """
    heard = [event for events in consumes.values() for event in events]
    events = sorted({*publishes, *heard}, key=lambda event: event.type)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Linkway {service}",
            "version": "1.0.0",
            "description": f"Facts the {service} service publishes and listens to.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, events) for topic in _topics(events)},
        "operations": {
            **{
                f"send-{topic}": _operation("send", topic, publishes)
                for topic in _topics(publishes)
            },
            **{
                f"{consumer}-receive-{topic}": _operation("receive", topic, own)
                | {"bindings": _group(consumer)}
                for consumer, own in sorted(consumes.items())
                for topic in _topics(own)
            },
        },
        "components": {
            "messages": {event.type: _message(event) for event in events},
            "schemas": {"cloudEventHeaders": _HEADERS, **_schemas(events)},
        },
    }


def _topics(events: Iterable[type[Event]]) -> list[str]:
    return sorted({event.topic for event in events})


def _on(topic: str, events: Iterable[type[Event]]) -> list[type[Event]]:
    return sorted((event for event in events if event.topic == topic), key=lambda event: event.type)


def _channel(topic: str, events: Sequence[type[Event]]) -> Json:
    return {
        "address": topic,
        "messages": {
            event.type: {"$ref": f"#/components/messages/{event.type}"}
            for event in _on(topic, events)
        },
        "bindings": {
            "kafka": {"topicConfiguration": {"retention.ms": -1}, "bindingVersion": "0.5.0"}
        },
    }


def _operation(action: str, topic: str, events: Sequence[type[Event]]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [
            {"$ref": f"#/channels/{topic}/messages/{event.type}"} for event in _on(topic, events)
        ],
    }


def _group(consumer: str) -> Json:
    """The consumer group, which an installation may put its own prefix before."""
    return {"kafka": {"groupId": {"type": "string", "const": consumer}, "bindingVersion": "0.5.0"}}


def _message(event: type[Event]) -> Json:
    return {
        "name": event.type,
        "title": event.phrase,
        "summary": (event.__doc__ or "").strip().split("\n", 1)[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/cloudEventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {"kafka": {"key": _TEXT, "bindingVersion": "0.5.0"}},
    }


def _schemas(events: Sequence[type[Event]]) -> Json:
    _, schemas = models_json_schema(
        [(event, "serialization") for event in events],
        ref_template="#/components/schemas/{model}",
    )
    return dict(sorted(schemas.get("$defs", {}).items()))
