"""A service examines what it depends on, from where it runs and with its own credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.auth import Authenticator
from shared.doctor.finding import Finding, fail
from shared.doctor.kafka import examine_kafka
from shared.doctor.machine import examine_process
from shared.doctor.mongodb import examine_mongodb
from shared.settings import ServiceSettings
from shared.store import Database, Store

_SECONDS = 30.0


@dataclass(frozen=True)
class Doctor:
    """Give it a service's parts and ``examine``."""

    settings: ServiceSettings
    database: Database
    stores: Sequence[Store[Any]]
    topics: Sequence[str]
    """Those it needs, without the installation's prefix."""
    groups: Sequence[str]
    authenticator: Authenticator
    now: Callable[[], datetime]

    async def examine(self) -> list[Finding]:
        """Everything that was found, in the order in which to put it right."""
        parts = (
            ("process", examine_process(self.settings, self.authenticator)),
            ("mongodb", examine_mongodb(self.database, self.stores, self.settings, self.now())),
            ("kafka", examine_kafka(self.settings, self.topics, self.groups)),
        )
        found = await asyncio.gather(*(_all(name, part) for name, part in parts))
        return [finding for each in found for finding in each]


async def _all(name: str, part: AsyncIterator[Finding]) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(_SECONDS):
            async for finding in part:
                found.append(finding)  # noqa: PERF401 - what was found before a failure counts
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was found
        said = f"the examination failed: {type(error).__name__}"
        found.append(fail(name, said, "see the service's log, and look again"))
    return found
