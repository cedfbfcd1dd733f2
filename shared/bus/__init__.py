"""Events to and from Kafka, with nothing lost between a service and its neighbours."""

from shared.bus.asyncapi import asyncapi_document
from shared.bus.batch import Patience
from shared.bus.broker import Publisher, make_broker
from shared.bus.bus import Bus, Check
from shared.bus.consumer import Consumer, Handler
from shared.bus.dead_letters import DeadLetters, original_headers
from shared.bus.reading import TopicReader
from shared.bus.topics import ALL_TOPICS, DEAD_LETTERS, ensure_topics, topic_name

__all__ = [
    "ALL_TOPICS",
    "DEAD_LETTERS",
    "Bus",
    "Check",
    "Consumer",
    "DeadLetters",
    "Handler",
    "Patience",
    "Publisher",
    "TopicReader",
    "asyncapi_document",
    "ensure_topics",
    "make_broker",
    "original_headers",
    "topic_name",
]
