"""Routes for dead letters: see, understand, look into, replay, discard."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from shared import audit
from shared.cause import Cause
from shared.ops.letter_models import (
    ChangeLetters,
    DiscardLetters,
    Foresight,
    LetterCount,
    LetterCounts,
    LetterLine,
    LetterView,
    Payload,
    ReplayLetters,
    RunView,
    Why,
)
from shared.ops.operations import Operations
from shared.ops.routing import Operator, operations_router
from shared.repair import Chosen, LetterStatus, Run, masked, shown_headers, unmasked
from shared.repair.letter import PLATFORM
from shared.repair.letters import LONGEST_AGO
from shared.web import CauseOf, JsonBody, Listing, Paging

_LOOKING = {"reason": "The schema error names no field."}
_STATUSES: tuple[LetterStatus, ...] = ("open", "waiting", "replayed", "discarded")


def dead_letters_router(operations: Operations) -> APIRouter:
    """Everything under ``/ops/dead-letters``."""
    router = operations_router()
    repair = operations.repair
    letters = repair.letters
    now = repair.mender.now

    async def begin(body: ChangeLetters, cause: Cause) -> RunView:
        run_id, run = _run(body, cause, now())
        await audit.record(
            f"dead-letters-{run.kind}", kind="repairs", record=run_id, reason=run.reason
        )
        return RunView.of(await repair.begin(run_id, run))

    @router.get("/ops/dead-letters")
    async def list_letters(
        page: Paging,
        *,
        status: Annotated[
            LetterStatus, Query(description="Which: `open` ones are those to be repaired.")
        ] = "open",
        group: Annotated[str | None, Query(max_length=200)] = None,
        type: Annotated[str | None, Query(max_length=100)] = None,  # noqa: A002 - the event's word
        error: Annotated[str | None, Query(max_length=100)] = None,
        older_than_seconds: Annotated[float | None, Query(ge=0, le=LONGEST_AGO)] = None,
    ) -> Listing[LetterLine]:
        """List dead letters.

        Records that a consumer of this service could not apply, newest first, with why. Those that
        wait behind one have the status `waiting`.
        """
        chosen = Chosen(group=group, type=type, error=error, older_than_seconds=older_than_seconds)
        where = {**chosen.where(now()), "facets.status": status}
        found = await letters.find(PLATFORM, where, limit=page.limit, cursor=page.cursor)
        return Listing(
            items=[LetterLine.of(saved) for saved in found.items], next_cursor=found.next_cursor
        )

    @router.get("/ops/dead-letters/counts")
    async def count_letters(
        status: Annotated[LetterStatus | None, Query(description="Only of this status.")] = None,
    ) -> LetterCounts:
        """Count dead letters.

        By consumer group, event type, error and status, with the age of the oldest of each.
        """
        wanted = (status,) if status else _STATUSES
        tallies = await letters.tally({"tenant": PLATFORM}, wanted)
        return LetterCounts(items=[LetterCount.of(tally, now()) for tally in tallies])

    @router.get("/ops/dead-letters/{letter_id}")
    async def show_letter(letter_id: str) -> LetterView:
        """Show a dead letter.

        Its headers, why it failed, what waits behind it and what was done about it. Of the payload
        only names and kinds are shown, no value.
        """
        saved = await letters.one(letter_id)
        _, in_line = await letters.line(saved.state.lane)
        async with repair.mender.reading() as reader:
            record = await repair.mender.record_of(saved.state, reader)
            would = await repair.mender.would(saved.state, reader)
        return LetterView.shown(
            saved,
            in_line=in_line,
            headers=shown_headers(record.headers),
            payload=masked(record.value),
            would=would,
        )

    @router.post("/ops/dead-letters/{letter_id}/unmask")
    async def unmask_letter(
        letter_id: str,
        body: Annotated[Why, JsonBody(Why, example=_LOOKING)],
        actor: Operator,
    ) -> Payload:
        """Look into a dead letter.

        Shows the payload itself. Who looked and why is written down first.
        """
        await audit.record(
            "dead-letter-unmasked", kind="dead_letters", record=letter_id, reason=body.reason
        )
        async with repair.mender.reading() as reader:
            record = await repair.mender.look_into(
                letter_id, reader, by=actor.subject, reason=body.reason
            )
        return Payload(payload=unmasked(record.value))

    @router.post("/ops/dead-letters/foresee")
    async def foresee(body: Annotated[Chosen, JsonBody(Chosen)]) -> Foresight:
        """Try a repair without doing it.

        Says which open letters are meant, what waits behind them, and what a replay of the first
        hundred would meet as far as reading them tells. Changes nothing. Its `as_of` is needed to
        replay or discard them.
        """
        return Foresight.of(await repair.foresee(body, look=True), now())

    @router.post("/ops/dead-letters/replay", status_code=202)
    async def replay(
        body: Annotated[ReplayLetters, JsonBody(ReplayLetters)], cause: CauseOf
    ) -> RunView:
        """Replay dead letters.

        Gives the records, in order, to the consumer group that failed and to no other, at most
        `rate` a second; what waited behind each follows in order. What was applied before changes
        nothing. Letters set aside after `as_of` are left alone.
        """
        return await begin(body, cause)

    @router.post("/ops/dead-letters/discard", status_code=202)
    async def discard(
        body: Annotated[DiscardLetters, JsonBody(DiscardLetters)], cause: CauseOf
    ) -> RunView:
        """Discard dead letters.

        Gives the records up, with a reason. What waited behind them is applied in order, or
        discarded as well with `waiting` set to `discard`. The records stay on their topics.
        """
        return await begin(body, cause)

    return router


def _run(body: ChangeLetters, cause: Cause, now: datetime) -> tuple[str, Run]:
    is_replay = isinstance(body, ReplayLetters)
    run = Run(
        kind="replay" if is_replay else "discard",
        chosen=body.chosen,
        as_of=body.as_of,
        reason=body.reason,
        waiting=body.waiting if isinstance(body, DiscardLetters) else "release",
        rate=body.rate,
        by=cause.actor.subject,
        total=0,
        started_at=now,
    )
    return cause.make_id("repair"), run
