"""What the services say of themselves: their metrics, and what they listen to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.console.platform import Platform

_PUBLISHED = "events_published_total"
_CONSUMED = "events_consumed_total"
_DEAD = "dead_letters_total"


@dataclass(frozen=True)
class Figures:
    """One service's counters by event type; ``applied`` leaves out repeats and what it ignores."""

    published: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)
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
    applied: Counter[str] = Counter()
    dead = 0
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == _PUBLISHED:
                published[sample.labels["type"]] += int(sample.value)
            elif sample.name == _CONSUMED and sample.labels["result"] == "applied":
                applied[sample.labels["type"]] += int(sample.value)
            elif sample.name == _DEAD:
                dead += int(sample.value)
    return Figures(published, applied, dead)


async def read_listening(
    platform: Platform, http: httpx.AsyncClient
) -> Mapping[str, Mapping[str, AbstractSet[str]]]:
    """For each service the event types it listens to by topic, from its ``/asyncapi``."""
    return {
        service: listening_of((await http.get(f"{url}/asyncapi")).json()["operations"])
        for service, url in platform.urls.items()
    }


def listening_of(
    operations: Mapping[str, Mapping[str, object]],
) -> Mapping[str, AbstractSet[str]]:
    """The event types by topic that an AsyncAPI document's operations receive."""
    listening: dict[str, AbstractSet[str]] = {}
    for operation in operations.values():
        channel, messages = operation["channel"], operation["messages"]
        if operation["action"] != "receive" or not isinstance(messages, list):
            continue
        listening[_name(channel)] = {_name(message) for message in messages}
    return listening


def _name(reference: object) -> str:
    """The last step of a JSON reference."""
    return str(reference["$ref"]).rsplit("/", 1)[-1] if isinstance(reference, dict) else ""
