"""What the services' operations APIs say at the end of a demo: the pipeline, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.console.ops.client import Client, Target
from services.console.ops.reconcile import compare
from services.console.platform import Platform


@dataclass(frozen=True, slots=True)
class Operated:
    """Each service's answers to `linkway ops pipeline` and `linkway ops reconcile`."""

    pipelines: Mapping[str, Any]
    reconciled: Mapping[str, Any]
    silent: Sequence[str]

    def lines(self) -> Sequence[str]:
        """What they add up to, in two lines."""
        groups = [group for each in self.pipelines.values() for group in each["groups"]]
        well = sum(group["status"] == "ok" for group in groups)
        behind = sum(group["lag"] for group in groups)
        facts = [fact for each in self.reconciled.values() for fact in each["facts"]]
        applied = [count for each in self.reconciled.values() for count in each["applied"]]
        accepted = sum(fact["accepted"] for fact in facts)
        published = sum(fact["published"] for fact in facts)
        passed = sum(count["passed"] for count in applied)
        due = sum(count["published"] for count in applied)
        return (
            (
                f"Pipeline: {well} of {len(groups)} consumer groups ok, {behind:,} records waiting "
                "(`linkway ops pipeline`)."
            ),
            (
                f"Reconciled: {accepted:,} facts accepted, {published:,} published, {passed:,} of "
                f"{due:,} passed by those who listen (`linkway ops reconcile`)."
            ),
        )

    def faults(self) -> Sequence[str]:
        """Why not all is as it should be, with the ids of the first events."""
        told = [
            f"{service}: {found['count']:,} {found['type']} {found['kind']} "
            f"{found['group'] or ''}: {', '.join(found['event_ids'][:3])}"
            for service, each in self.reconciled.items()
            for found in each["differences"]
        ]
        partly = [
            f"{service} could not compare all it accepted, published and applied."
            for service, each in self.reconciled.items()
            if not each["is_complete"]
        ]
        return [*self.silent, *partly, *told]


async def ask_operations(platform: Platform, since: datetime) -> Operated:
    """All services, about everything since that time."""
    target = Target(platform.urls, platform.token("operations", "operations"))
    until = datetime.now(UTC) + timedelta(seconds=1)
    async with Client(target) as client:
        window = {"since": since.isoformat(), "until": until.isoformat()}
        reconciled, silent = await compare(client, window)
        # Last, as it tells of a sample taken some seconds ago: by then of one without load.
        pipelines, more = await client.ask_all("/ops/pipeline")
    return Operated(pipelines, reconciled, [*silent.values(), *more.values()])
