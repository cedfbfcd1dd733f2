"""What the operations API of one service looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.bus import Bus, Consumer
from shared.clock import Clock
from shared.doctor import Doctor
from shared.ops.gauges import Gauges
from shared.ops.sampler import Sampler
from shared.ops.waiting import CountWaiting
from shared.rebuild import Rebuilder
from shared.repair import Repair
from shared.settings import ServiceSettings
from shared.store import Database, Store
from shared.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Operations:
    """One service's parts. ``stores`` are all of its own, by the names of their collections."""

    settings: ServiceSettings
    telemetry: Telemetry
    clock: Clock
    database: Database
    bus: Bus
    stores: Mapping[str, Store[Any]]
    kept: Any
    """All of them as the service's own handlers take them."""
    consumers: Sequence[Consumer[Any]]
    sampler: Sampler
    gauges: Gauges
    repair: Repair
    rebuilder: Rebuilder
    doctor: Doctor
    topics: Sequence[str]
    """Those that carry the service's own facts, without the installation's prefix."""
    count_waiting: CountWaiting | None = None

    @property
    def telling(self) -> Mapping[str, Store[Any]]:
        """The stores whose records state facts, and so have an outbox."""
        return {name: store for name, store in self.stores.items() if store.source}
