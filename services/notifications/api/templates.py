"""The texts that persons are sent, to be looked at before they are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notifications.api.access import Id
from services.notifications.wording import wording
from shared.errors import FieldError, Invalid, NotFound
from shared.web import JsonBody

router = APIRouter(tags=["templates"])

_EXAMPLE_START = datetime.fromisoformat("2026-03-05T14:00:00+00:00")


class TemplateView(BaseModel):
    """A template: its newest version, all versions, and the languages there are."""

    name: str
    version: int
    versions: list[int]
    languages: list[str]
    summary: str


class TemplateList(BaseModel):
    """All templates, by name."""

    items: list[TemplateView]


class PreviewAsked(BaseModel):
    """For whom to fill a template: made-up data, never a real person's."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "channel": "sms",
                    "language": "en",
                    "given_names": "Sample",
                    "start": "2026-03-05T14:00:00Z",
                    "mode": "telephone",
                }
            ]
        },
    )

    channel: Literal["sms", "email", "letter"] = "sms"
    language: Annotated[str, Field(pattern=r"^[A-Za-z-]{2,35}$")] = "en"
    neutral: bool = False
    """As it is sent to someone for whom a message could be a danger."""
    given_names: Annotated[str, Field(max_length=100)] = "Sample"
    start: AwareDatetime = _EXAMPLE_START
    mode: Literal["in_person", "telephone", "video", "home_visit"] = "in_person"
    version: Annotated[int, Field(ge=1)] | None = None


class Preview(BaseModel):
    """The text as it would be sent; `language` is English where the one asked for is lacking."""

    version: int
    language: str
    subject: str
    body: str


@router.get("/templates")
async def list_templates() -> TemplateList:
    """List the texts that persons are sent.

    By text message, e-mail and letter.
    """
    return TemplateList(
        items=[
            TemplateView(
                name=each.name,
                version=each.version,
                versions=list(each.versions),
                languages=list(each.languages),
                summary=each.summary,
            )
            for each in wording().listed()
        ]
    )


@router.post("/templates/{name}/preview")
async def preview(name: Id, asked: Annotated[PreviewAsked, JsonBody(PreviewAsked)]) -> Preview:
    """See a text as it would be sent.

    Filled with the data you give: nothing is sent and nothing is kept. 422 names `version` where
    there is no such version.
    """
    texts = wording()
    known = next((each for each in texts.listed() if each.name == name), None)
    if known is None:
        raise NotFound("There is no such template; GET /templates lists them.")
    if asked.version is not None and asked.version not in known.versions:
        allowed = ", ".join(map(str, known.versions))
        raise Invalid(
            "There is no such version.",
            errors=[FieldError("/version", f"must be one of {allowed}")],
        )
    text = texts.render(
        name,
        channel=asked.channel,
        language=asked.language,
        neutral=asked.neutral,
        given_names=asked.given_names,
        start=asked.start,
        mode=asked.mode,
        version=asked.version,
    )
    return Preview(
        version=text.version, language=text.language, subject=text.subject, body=text.body
    )
