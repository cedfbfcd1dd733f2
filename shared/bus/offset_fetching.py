"""A group's offsets that Kafka cannot tell yet are asked for again, never taken for none.

From version 2 of OffsetFetch on, a coordinator that is still loading the group (after a broker
was restarted, or took the group over) answers with one error and no partitions. aiokafka 0.14
does not look at that error: it finds no offset for any partition, starts from the beginning of
every topic and then commits that it is there. Topics are kept for good, so a broker that ends
at the wrong moment would have whole years applied again.
"""

from __future__ import annotations

from typing import Any

import structlog
from aiokafka.consumer import consumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest

_ELSEWHERE = (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError)


class HeedingCoordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka has no types
    """Raises what Kafka said of a whole OffsetFetch; aiokafka tries again where that may help."""

    async def _send_req(self, request: Any) -> Any:
        response = await super()._send_req(request)
        if isinstance(request, OffsetFetchRequest):
            # The versions before the second tell their errors by partition alone.
            error = for_code(getattr(response, "error_code", NoError.errno))
            if error is not NoError:
                structlog.get_logger().info("offsets not told yet", error=error.__name__)
                if error in _ELSEWHERE:
                    self.coordinator_dead()
                raise error(self.group_id)
        return response


def heed_errors() -> None:
    """Let every consumer that is made from now on have such a coordinator."""
    # FastStream makes the consumers, and those make their coordinator by this name.
    consumer.GroupCoordinator = HeedingCoordinator
