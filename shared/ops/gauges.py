"""The figures of the pipeline at ``/metrics``, renewed with each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Gauge


@dataclass(frozen=True, slots=True)
class Gauges:
    """Labels hold names of groups, topics, collections and organisations, never a record's id."""

    consumer_lag_records: Gauge
    consumer_oldest_unprocessed_seconds: Gauge
    consumer_partitions: Gauge
    consumer_members: Gauge
    consumer_committed_offset: Gauge
    topic_end_offset: Gauge
    pipeline_sampled_timestamp_seconds: Gauge
    relay_up: Gauge
    work_overdue: Gauge
    work_overdue_oldest_seconds: Gauge
    messages_waiting: Gauge
    messages_failing: Gauge
    mongo_disk_free_ratio: Gauge
    reconcile_differences: Gauge
    reconciled_timestamp_seconds: Gauge

    @classmethod
    def registered(cls, registry: CollectorRegistry) -> Self:
        """All of them in ``registry``."""

        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(name, words, labels, registry=registry)

        of_partition = ("group", "topic", "partition")
        return cls(
            consumer_lag_records=gauge(
                "consumer_lag_records", "Records published and not yet applied.", *of_partition
            ),
            consumer_oldest_unprocessed_seconds=gauge(
                "consumer_oldest_unprocessed_seconds",
                "Age of the oldest record that the group has not applied; 0 where none waits.",
                "group",
                "topic",
            ),
            consumer_partitions=gauge(
                "consumer_partitions",
                "Partitions by how the group does on them: ok, rewound, stalled, stopped.",
                "group",
                "topic",
                "status",
            ),
            consumer_members=gauge("consumer_members", "Living members of the group.", "group"),
            consumer_committed_offset=gauge(
                "consumer_committed_offset", "Offset the group goes on from.", *of_partition
            ),
            topic_end_offset=gauge(
                "topic_end_offset", "Offset of the next record to come.", "topic", "partition"
            ),
            pipeline_sampled_timestamp_seconds=gauge(
                "pipeline_sampled_timestamp_seconds",
                "When the groups' offsets were last looked at with success.",
            ),
            relay_up=gauge("relay_up", "1 while the relay works, 0 where it does not."),
            work_overdue=gauge(
                "work_overdue",
                "Records whose clock or next attempt was due more than a minute ago.",
                "collection",
            ),
            work_overdue_oldest_seconds=gauge(
                "work_overdue_oldest_seconds",
                "How long ago the first of them was due; 0 where none is overdue.",
                "collection",
            ),
            messages_waiting=gauge("messages_waiting", "Messages still to be delivered."),
            messages_failing=gauge(
                "messages_failing",
                "Messages still to be delivered whose last attempt failed, by the organisation "
                "they are for; the fifty with most.",
                "organisation",
            ),
            reconcile_differences=gauge(
                "reconcile_differences",
                "Events that are not everywhere they should be, by what is missing: not-published, "
                "not-accepted, not-applied, without-effect.",
                "kind",
                "group",
            ),
            reconciled_timestamp_seconds=gauge(
                "reconciled_timestamp_seconds",
                "When accepted, published and applied were last compared with success.",
            ),
            mongo_disk_free_ratio=gauge(
                "mongo_disk_free_ratio", "Share of MongoDB's disk that is free, 0 to 1."
            ),
        )
