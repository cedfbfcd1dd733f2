"""What persons are told, in which words: versioned files under ``templates``.

``templates/<name>/<version>.<language>.toml`` holds a text message and a longer one, each
also in neutral words for persons whose messages others may read. A version that was used
is never changed: a new one is added beside it, and each message notes which it used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from services.notifications.domain.reaching import PersonChannel

ENGLISH = "en"
EXAMPLE_START = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
EXAMPLE_NAME = "Sam"

_FOLDER = Path(__file__).with_name("templates")
_FILE = re.compile(r"(\d+)\.([a-z]{2,3})\.toml")
_LONDON = ZoneInfo("Europe/London")
_LONGEST_NAME = 20
"""Of a given name in a text message, so that it fits; more is cut at a space or left out."""

_HOW = {
    "en": {
        "in_person": "in person",
        "telephone": "by telephone",
        "video": "by video call",
        "home_visit": "in person",
    },
    "pl": {
        "in_person": "osobiscie",
        "telephone": "przez telefon",
        "video": "przez wideo",
        "home_visit": "osobiscie",
    },
}


class _Sms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    neutral: str


class _Long(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    body: str
    neutral_subject: str
    neutral_body: str


class Words(BaseModel):
    """One file: one version of one template in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str
    sms: _Sms
    long: _Long


@dataclass(frozen=True, slots=True)
class Text:
    """What one person is sent. ``subject`` is empty for a text message."""

    version: int
    language: str
    subject: str = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A template as people list it."""

    name: str
    version: int
    versions: Sequence[int]
    languages: Sequence[str]
    summary: str


class Wording:
    """All templates. Raises pydantic's ValidationError at the start for a file that is wrong."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._words: dict[str, dict[int, dict[str, Words]]] = {}
        for path in sorted(folder.glob("*/*.toml")):
            found = _FILE.fullmatch(path.name)
            if found is None:
                raise ValueError(f"a template's file is named like 1.en.toml, not {path.name}")
            words = Words.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
            versions = self._words.setdefault(path.parent.name, {})
            versions.setdefault(int(found[1]), {})[found[2]] = words

    @property
    def names(self) -> frozenset[str]:
        """The templates there are."""
        return frozenset(self._words)

    def listed(self) -> Sequence[TemplateInfo]:
        """Every template, by name."""
        return [
            TemplateInfo(
                name=name,
                version=max(versions),
                versions=sorted(versions),
                languages=sorted(versions[max(versions)]),
                summary=versions[max(versions)][ENGLISH].summary,
            )
            for name, versions in sorted(self._words.items())
        ]

    def render(
        self,
        name: str,
        *,
        channel: PersonChannel,
        language: str | None = None,
        neutral: bool = False,
        given_names: str | None = None,
        start: datetime | None = None,
        mode: str | None = None,
        version: int | None = None,
    ) -> Text:
        """The text in the newest version, or the one named; English where a language lacks.

        Raises KeyError where there is no such template or version.
        """
        versions = self._words[name]
        version = version or max(versions)
        language = (language or ENGLISH).lower().partition("-")[0]
        if language not in versions[version]:
            language = ENGLISH
        words = versions[version][language]
        said = {
            "greeting": _greeting(given_names or "", language),
            "when": _when(start, language) if start else "",
            "how": _HOW.get(language, _HOW[ENGLISH]).get(mode or "", ""),
        }
        if channel == "sms":
            subject, body = "", words.sms.neutral if neutral else words.sms.text
        elif neutral:
            subject, body = words.long.neutral_subject, words.long.neutral_body
        else:
            subject, body = words.long.subject, words.long.body
        return Text(
            version=version,
            language=language,
            subject=subject.strip(),
            body=Template(body.strip()).substitute(said),
        )


@cache
def wording() -> Wording:
    """The templates that come with this release, read once."""
    return Wording()


def _greeting(given_names: str, language: str) -> str:
    hello: Mapping[str, str] = {"en": "Hello", "pl": "Dzien dobry"}
    first = given_names.split(" ", maxsplit=1)[0]
    name = first if 0 < len(first) <= _LONGEST_NAME else ""
    return f"{hello.get(language, hello[ENGLISH])} {name}".strip()


def _when(start: datetime, language: str) -> str:
    local = start.astimezone(_LONDON)
    if language != ENGLISH:
        return f"{local:%d/%m/%Y %H:%M}"
    return f"{local:%A} {local.day} {local:%B} at {local.hour % 12 or 12}:{local:%M%p}".replace(
        "AM", "am"
    ).replace("PM", "pm")
