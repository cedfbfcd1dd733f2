"""Events to and from Kafka, with nothing lost between a service and its neighbours."""

from shared.bus.asyncapi import asyncapi_document
from shared.bus.batch import Applier, Patience, event_type_of, is_passing
from shared.bus.broker import Publisher, connection_options, make_broker
from shared.bus.bus import Bus, Check
from shared.bus.consumer import Consumer, Handler
from shared.bus.dead_letters import (
    Copy,
    DeadLetters,
    Headers,
    Record,
    original_headers,
    reason_of,
)
from shared.bus.looking import RecordReader
from shared.bus.mended_client import mend
from shared.bus.reading import TopicReader
from shared.bus.shelf import NoShelf, Shelf, Turn
from shared.bus.topics import ALL_TOPICS, AUDIT_ANCHORS, DEAD_LETTERS, ensure_topics, topic_name

__all__ = [
    "ALL_TOPICS",
    "AUDIT_ANCHORS",
    "DEAD_LETTERS",
    "Applier",
    "Bus",
    "Check",
    "Consumer",
    "Copy",
    "DeadLetters",
    "Handler",
    "Headers",
    "NoShelf",
    "Patience",
    "Publisher",
    "Record",
    "RecordReader",
    "Shelf",
    "TopicReader",
    "Turn",
    "asyncapi_document",
    "connection_options",
    "ensure_topics",
    "event_type_of",
    "is_passing",
    "make_broker",
    "original_headers",
    "reason_of",
    "topic_name",
]

mend()
