"""What the services say of themselves: their metrics, and what they listen to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.console.platform import Platform

_PUBLISHED = "events_published_total"
_CONSUMED = "events_consumed_total"
_DEAD = "dead_letters_total"


@dataclass(frozen=True)
class Figures:
    """One service's counters by event type.

    ``applied`` has them for each of its consumers, without repeats and what it ignores.
    """

    published: Counter[str] = field(default_factory=Counter)
    applied: Mapping[str, Counter[str]] = field(default_factory=dict)
    dead: int = 0


async def read_figures(platform: Platform, http: httpx.AsyncClient) -> Mapping[str, Figures]:
    """Each service's figures, from its ``/metrics``."""
    return {
        service: figures_of((await http.get(f"{url}/metrics")).text)
        for service, url in platform.urls.items()
    }


def figures_of(metrics: str) -> Figures:
    """The figures in a text of Prometheus's format."""
    published: Counter[str] = Counter()
    applied: dict[str, Counter[str]] = {}
    dead = 0
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == _PUBLISHED:
                published[sample.labels["type"]] += int(sample.value)
            elif sample.name == _CONSUMED and sample.labels["result"] == "applied":
                consumer = applied.setdefault(sample.labels["consumer"], Counter())
                consumer[sample.labels["type"]] += int(sample.value)
            elif sample.name == _DEAD:
                dead += int(sample.value)
    return Figures(published, applied, dead)


async def read_listening(
    platform: Platform, http: httpx.AsyncClient
) -> Mapping[str, Mapping[str, AbstractSet[str]]]:
    """For each consumer the event types it listens to by topic, from ``/asyncapi``."""
    found: dict[str, Mapping[str, AbstractSet[str]]] = {}
    for url in platform.urls.values():
        found |= listening_of((await http.get(f"{url}/asyncapi")).json()["operations"])
    return found


def listening_of(
    operations: Mapping[str, Mapping[str, Any]],
) -> Mapping[str, Mapping[str, AbstractSet[str]]]:
    """The event types by topic that each consumer of an AsyncAPI document receives."""
    listening: dict[str, dict[str, AbstractSet[str]]] = {}
    for operation in operations.values():
        if operation["action"] == "receive":
            consumer = operation["bindings"]["kafka"]["groupId"]["const"]
            types = {_name(message) for message in operation["messages"]}
            listening.setdefault(consumer, {})[_name(operation["channel"])] = types
    return listening


def _name(reference: Mapping[str, str]) -> str:
    """The last step of a JSON reference."""
    return reference["$ref"].rsplit("/", 1)[-1]
