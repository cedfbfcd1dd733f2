"""``GET /ops/pipeline``: what waits at each step of a service's pipeline, and whether it moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from shared.ops.judging import Sample, Status, Verdict, worst
from shared.ops.operations import Operations
from shared.ops.routing import Operator, operations_router
from shared.ops.sampler import Sampler, Watched, waiting_seconds
from shared.store import Store


class MemberState(BaseModel):
    """A living member of a group; `partitions` is null where the broker does not tell."""

    id: str
    client: str
    host: str
    partitions: list[str] | None


class PartitionState(BaseModel):
    """A partition as the group has it; rates are records a second over the window."""

    topic: str
    partition: int
    end_offset: int
    committed_offset: int
    lag: int
    oldest_unprocessed_seconds: float | None = Field(
        description="Age of the oldest record not yet applied; null where none waits."
    )
    rate_in: float
    rate_out: float
    status: Status
    reason: str
    is_growing: bool


class GroupState(BaseModel):
    """A consumer group: as well as the worst of its partitions."""

    group: str
    status: Status
    lag: int
    oldest_unprocessed_seconds: float | None
    rate_in: float
    rate_out: float
    members: list[MemberState]
    partitions: list[PartitionState]


class OutboxState(BaseModel):
    """A collection's records with events that are not on Kafka yet."""

    collection: str
    pending: int
    oldest_unsent_seconds: float | None


class DueState(BaseModel):
    """A collection's records that should have been worked on more than a minute ago."""

    collection: str
    overdue: int
    oldest_seconds: float | None


class MessagesState(BaseModel):
    """Messages to one organisation. `failing` ones wait, and their last attempt failed."""

    organisation_id: str
    waiting: int
    failing: int
    given_up_last_day: int
    oldest_seconds: float | None


class PipelineState(BaseModel):
    """One service's pipeline. `sampled_at` is null, or old, where Kafka does not answer."""

    service: str
    status: Status
    sampled_at: AwareDatetime | None
    kafka: str
    window_seconds: float
    groups: list[GroupState]
    outbox: list[OutboxState]
    due: list[DueState]
    messages: list[MessagesState]


def pipeline_router(operations: Operations) -> APIRouter:
    """``GET /ops/pipeline``."""
    router = operations_router()

    @router.get("/ops/pipeline")
    async def pipeline(operator: Operator) -> PipelineState:
        """See what waits in the pipeline.

        For each consumer group and partition the lag in records and in the age of the oldest
        record not yet applied, with a judgement over the last ten looks; what waits in the
        outboxes, what is overdue, and the messages to each organisation of your tenant.
        """
        return await pipeline_of(operations, operator.tenant)

    return router


async def pipeline_of(operations: Operations, tenant: str) -> PipelineState:
    """The state at this moment; offsets are those of the last sample."""
    sampler = operations.sampler
    groups = [group_state(name, watched) for name, watched in sampler.watched.items()]
    waiting = [] if operations.count_waiting is None else await operations.count_waiting(tenant)
    return PipelineState(
        service=operations.settings.service,
        status=worst([group.status for group in groups]),
        sampled_at=sampler.at,
        kafka=sampler.fault or ("ok" if sampler.at else "not looked at yet"),
        window_seconds=_window_seconds(sampler),
        groups=groups,
        outbox=[await _outbox(name, store) for name, store in operations.telling.items()],
        due=[
            DueState(
                collection=name,
                overdue=stats.overdue,
                oldest_seconds=sampler.seconds_since(stats.oldest) if stats.oldest else None,
            )
            for name, stats in (await sampler.overdue()).items()
        ],
        messages=[
            MessagesState(
                organisation_id=each.organisation_id,
                waiting=each.waiting,
                failing=each.failing,
                given_up_last_day=each.given_up,
                oldest_seconds=sampler.seconds_since(each.oldest) if each.oldest else None,
            )
            for each in waiting
        ],
    )


def group_state(name: str, watched: Watched) -> GroupState:
    """One group as it is answered."""
    partitions = [
        _partition(at, window, watched.verdicts[at])
        for at, window in sorted(watched.windows.items())
    ]
    ages = [each.oldest_unprocessed_seconds for each in partitions]
    return GroupState(
        group=name,
        status=worst([each.status for each in partitions]),
        lag=sum(each.lag for each in partitions),
        oldest_unprocessed_seconds=max((age for age in ages if age is not None), default=None),
        rate_in=round(sum(each.rate_in for each in partitions), 2),
        rate_out=round(sum(each.rate_out for each in partitions), 2),
        members=[
            MemberState(
                id=member.id,
                client=member.client,
                host=member.host,
                partitions=None
                if member.partitions is None
                else [f"{at.topic}-{at.partition}" for at in sorted(member.partitions)],
            )
            for member in watched.members
        ],
        partitions=partitions,
    )


def _partition(at: TopicPartition, window: Sequence[Sample], verdict: Verdict) -> PartitionState:
    first, last = window[0], window[-1]
    seconds = (last.at - first.at).total_seconds()

    def rate(records: int) -> float:
        return round(records / seconds, 2) if seconds else 0.0

    return PartitionState(
        topic=at.topic,
        partition=at.partition,
        end_offset=last.place.end,
        committed_offset=last.place.committed,
        lag=last.place.lag,
        oldest_unprocessed_seconds=waiting_seconds(last),
        rate_in=rate(last.place.end - first.place.end),
        rate_out=rate(last.place.committed - first.place.committed),
        status=verdict.status,
        reason=verdict.reason,
        is_growing=verdict.is_growing,
    )


async def _outbox(name: str, store: Store[Any]) -> OutboxState:
    stats = await store.collection.unsent_stats()
    age = None
    if stats.oldest is not None:
        # By the real clock or the service's own: an event's time may be ahead of either.
        age = max(0.0, (datetime.now(UTC) - stats.oldest).total_seconds())
    return OutboxState(collection=name, pending=stats.pending, oldest_unsent_seconds=age)


def _window_seconds(sampler: Sampler) -> float:
    spans = [
        (window[-1].at - window[0].at).total_seconds()
        for watched in sampler.watched.values()
        for window in watched.windows.values()
    ]
    return round(max(spans, default=0.0), 1)
