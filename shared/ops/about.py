"""What this service keeps, tells and listens to."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from shared.bus import topic_name
from shared.ops.operations import Operations
from shared.ops.routing import operations_router


class Listens(BaseModel):
    """A consumer group and the event types it applies, by topic."""

    group: str
    topics: dict[str, list[str]]


class Parts(BaseModel):
    """The parts of a service, by the names they have on MongoDB and Kafka."""

    service: str
    database: str
    topic_prefix: str
    collections: list[str]
    collections_with_outbox: list[str]
    groups: list[Listens]


def about_router(operations: Operations) -> APIRouter:
    """``GET /ops/parts``."""
    router = operations_router()
    settings = operations.settings

    @router.get("/ops/parts")
    async def parts() -> Parts:
        """Name the service's parts.

        Its collections and consumer groups, under the names they have on MongoDB and Kafka.
        """
        return Parts(
            service=settings.service,
            database=settings.mongo_database,
            topic_prefix=settings.topic_prefix,
            collections=sorted(operations.stores),
            collections_with_outbox=sorted(operations.telling),
            groups=[
                Listens(
                    group=topic_name(settings, consumer.service),
                    topics={
                        topic_name(settings, topic): sorted(
                            event.type for event in consumer.events if event.topic == topic
                        )
                        for topic in consumer.topics
                    },
                )
                for consumer in operations.consumers
            ],
        )

    return router
