"""Answers to commands: a small receipt, the plan's version as ETag, where to look."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.outcomes.handlers import Added, Amended, GoalChanged
from services.outcomes.store import Stores
from shared.events import GoalAchievement, GoalLifecycle
from shared.web import etag


async def _stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


Kept = Annotated[Stores, Depends(_stores)]
"""What this service keeps."""


class Receipt(BaseModel):
    """The answer to a command; a repeat of the command gets the same one.

    ``id`` is what was made or changed, ``version`` the plan's.
    """

    id: str
    case_id: str
    version: int


class RecordReceipt(Receipt):
    """A measure is complete when it is recorded (FHIR QuestionnaireResponse.status)."""

    status: Literal["completed"] = "completed"

    @classmethod
    def of(cls, added: Added) -> RecordReceipt:
        """What was added."""
        return cls(id=added.id, case_id=added.case_id, version=added.version)


class AssessmentReceipt(Receipt):
    """Where the assessment stood after the command, and the number its words have then."""

    status: Literal["in-progress", "completed", "amended"]
    revision: int

    @classmethod
    def under_way(cls, added: Added) -> AssessmentReceipt:
        """Begun or saved."""
        return cls._of(added, "in-progress", 0)

    @classmethod
    def completed(cls, added: Added) -> AssessmentReceipt:
        """Completed."""
        return cls._of(added, "completed", 1)

    @classmethod
    def amended(cls, amended: Amended) -> AssessmentReceipt:
        """Put right."""
        return cls._of(amended.added, "amended", amended.revision)

    @classmethod
    def _of(
        cls, added: Added, status: Literal["in-progress", "completed", "amended"], revision: int
    ) -> AssessmentReceipt:
        return cls(
            id=added.id,
            case_id=added.case_id,
            version=added.version,
            status=status,
            revision=revision,
        )


class GoalReceipt(Receipt):
    """Where the goal stood after the command; ``status`` is its lifecycle status.

    ``step_id`` is the step that was added or completed, if one was.
    """

    status: GoalLifecycle
    achievement_status: GoalAchievement
    step_id: str | None = None

    @classmethod
    def of(cls, changed: GoalChanged) -> GoalReceipt:
        """The change that was made."""
        return cls(
            id=changed.goal_id,
            case_id=changed.case_id,
            version=changed.version,
            status=changed.change.lifecycle_status,
            achievement_status=changed.change.achievement_status,
            step_id=changed.change.step_id,
        )


class GpContactsReceipt(BaseModel):
    """The counts are kept; ``version`` is the plan's."""

    case_id: str
    version: int


def done(receipt: Receipt | GpContactsReceipt) -> Response:
    """200, for what changed something there."""
    return _answer(receipt, HTTPStatus.OK)


def created(receipt: Receipt, path: str = "") -> Response:
    """201, for what made something; ``path`` is where it is, below its plan."""
    location = {"Location": f"/plans/{receipt.case_id}{path}"}
    return _answer(receipt, HTTPStatus.CREATED, location)


def _answer(
    receipt: Receipt | GpContactsReceipt, status: HTTPStatus, more: dict[str, str] | None = None
) -> Response:
    headers = {"ETag": etag(receipt.version), **(more or {})}
    body = receipt.model_dump_json(exclude_none=True)
    return Response(body, status, headers, "application/json")
