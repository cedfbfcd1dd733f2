"""Who looks after whom: an organisation's workers, each with a limit, the least loaded first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Conflict, FieldError, Invalid

MOST_WORKERS = 500


class Worker(BaseModel):
    """One worker: how many open cases are theirs at most, and whether they take new ones."""

    model_config = ConfigDict(frozen=True)

    limit: Annotated[int, Field(ge=0, le=1000)]
    active: bool = True


class Team(BaseModel):
    """An organisation's workers, by their opaque subject at the token issuer."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    organisation_id: str
    workers: Mapping[str, Worker] = {}


def with_worker(team: Team, subject: str, worker: Worker) -> Team:
    """The team with this worker, new or changed. Raises Conflict where there are enough."""
    if subject not in team.workers and len(team.workers) >= MOST_WORKERS:
        raise Conflict(f"A team has at most {MOST_WORKERS} workers.", {"limit": MOST_WORKERS})
    return team.model_copy(update={"workers": {**team.workers, subject: worker}})


def least_loaded(team: Team, loads: Mapping[str, int], *, but: str | None = None) -> str | None:
    """Whoever has room and, for their limit, the fewest open cases; None where nobody has.

    ``loads`` counts open cases by worker. Equals go by the count, then by name, so that the
    choice can be explained.
    """
    free = [
        (loads.get(subject, 0) / worker.limit, loads.get(subject, 0), subject)
        for subject, worker in team.workers.items()
        if worker.active and subject != but and loads.get(subject, 0) < worker.limit
    ]
    return min(free)[2] if free else None


def check_by_hand(team: Team, loads: Mapping[str, int], subject: str, *, over_limit: bool) -> None:
    """Someone was named by hand. Raises Invalid for a stranger, Conflict beyond the limit."""
    if not team.workers:
        return
    worker = team.workers.get(subject)
    if worker is None:
        raise Invalid(
            "This worker cannot be given the case.",
            errors=[FieldError("/assigned_to", "must be one of your team's workers")],
        )
    if not over_limit and loads.get(subject, 0) >= worker.limit:
        raise Conflict(
            "This worker has as many open cases as their limit; say over_limit to give one more.",
            {"limit": worker.limit, "open_cases": loads.get(subject, 0)},
        )
