"""Dead letters and repairs as the operations API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.repair import Chosen, Foreseen, Letter, LetterStatus, Run, RunKind, Tally, Waiting
from shared.repair.letter import Act
from shared.store import Saved

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=5, max_length=500),
    Field(description="Why, in words for whoever reads the record later; names no person."),
]

_EXAMPLE_ID = "7b1f6a52-2a86-5e3c-9f14-0d9c6a2e8b11"
_AS_OF = "2026-03-02T09:30:00Z"


class Why(BaseModel):
    """The reason for what is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


class ChangeLetters(BaseModel):
    """What replaying and discarding have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chosen: Chosen
    as_of: AwareDatetime = Field(description="As the trial run gave it.")
    reason: Reason
    rate: float = Field(20.0, ge=0.1, le=1_000, description="Records a second, at most.")


class ReplayLetters(ChangeLetters):
    """Which letters to replay, and how quickly."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "chosen": {"type": "referral-created", "error": "KeyError"},
                    "as_of": _AS_OF,
                    "reason": "Mended by release 1.4.2.",
                    "rate": 50,
                },
                {
                    "chosen": {"ids": [_EXAMPLE_ID]},
                    "as_of": _AS_OF,
                    "reason": "The case is there again.",
                },
            ]
        }
    )


class DiscardLetters(ChangeLetters):
    """Which letters to give up, and what becomes of those that wait behind them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "chosen": {"ids": [_EXAMPLE_ID]},
                    "as_of": _AS_OF,
                    "reason": "Sent by a test of the broker, never by a service.",
                    "waiting": "release",
                }
            ]
        }
    )

    waiting: Waiting = Field(
        "release", description="Apply what waited behind them, or discard that as well."
    )


class LetterLine(BaseModel):
    """One dead letter in a list."""

    id: str
    status: LetterStatus
    group: str
    topic: str
    partition: int
    offset: int
    event_type: str
    event_id: str | None
    error: str
    reason: str
    blocks: bool = Field(description="Whether later events of the same key wait for it.")
    attempts: int
    at: datetime

    @classmethod
    def of(cls, saved: Saved[Letter]) -> Self:
        """The line of a letter."""
        return cls(id=saved.id, **saved.state.model_dump(include=set(cls.model_fields) - {"id"}))


class LetterView(LetterLine):
    """One dead letter, whole; ``payload`` is its shape without values."""

    key_digest: str = Field(description="Tells keys apart without showing one.")
    in_line: int = Field(description="How many stand in line for this key, it included.")
    headers: list[tuple[str, str]]
    payload: Any
    would: str = Field(description="What a replay would meet, as far as reading it tells.")
    acts: list[Act]

    @classmethod
    def shown(
        cls,
        saved: Saved[Letter],
        *,
        in_line: int,
        headers: list[tuple[str, str]],
        payload: Any,
        would: str,
    ) -> Self:
        """The view of a letter with its record."""
        return cls(
            **LetterLine.of(saved).model_dump(),
            key_digest=saved.state.lane,
            in_line=in_line,
            headers=headers,
            payload=payload,
            would=would,
            acts=list(saved.state.acts),
        )


class Payload(BaseModel):
    """A record's payload as it was sent."""

    payload: Any


class LetterCount(BaseModel):
    """Letters that are alike."""

    group: str
    type: str
    error: str
    status: LetterStatus
    count: int
    oldest_at: datetime
    oldest_seconds: float

    @classmethod
    def of(cls, tally: Tally, now: datetime) -> Self:
        """The count of a tally."""
        return cls(
            group=tally.group,
            type=tally.type,
            error=tally.error,
            status=tally.status,
            count=tally.count,
            oldest_at=tally.oldest,
            oldest_seconds=max(0.0, (now - tally.oldest).total_seconds()),
        )


class LetterCounts(BaseModel):
    """All counts, the largest first."""

    items: list[LetterCount]


class Foresight(BaseModel):
    """What a repair would do. ``checked`` is of the first hundred records."""

    as_of: datetime
    total: int
    waiting: int
    items: list[LetterCount]
    checked: dict[str, int]

    @classmethod
    def of(cls, foreseen: Foreseen, now: datetime) -> Self:
        """The answer to a trial run."""
        return cls(
            as_of=foreseen.as_of,
            total=foreseen.total,
            waiting=foreseen.waiting,
            items=[LetterCount.of(tally, now) for tally in foreseen.tallies],
            checked=dict(foreseen.checked),
        )


class RunView(BaseModel):
    """A repair of many letters: what was asked for and how far it is."""

    id: str
    kind: RunKind
    status: Literal["running", "ended"]
    chosen: Chosen
    as_of: datetime
    reason: str
    by: str
    rate: float
    total: int
    done: int
    failed: int
    passed_over: int
    released: int
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, saved: Saved[Run]) -> Self:
        """The view of a repair."""
        names = set(cls.model_fields) - {"id", "status", "chosen"}
        return cls(
            id=saved.id,
            status=saved.state.status,
            chosen=saved.state.chosen,
            **saved.state.model_dump(include=names),
        )
