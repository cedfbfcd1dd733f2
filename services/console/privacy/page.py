"""An export as a page to read and print: words instead of codes, and no ids where words serve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_LONDON = ZoneInfo("Europe/London")

_WORDS: Mapping[str, str] = {
    "intake": "referral to a link worker",
    "onward": "referral to a community service",
    "signpost": "information about a service",
    "sms": "text message",
    "email": "e-mail",
    "telephone": "telephone call",
    "noshow": "missed",
    "fulfilled": "took place",
    "in_progress": "support under way",
    "submitted": "waiting for an answer",
    "used": "place in use",
    "held": "place kept",
    "waiting": "on the waiting list",
    "released": "place given back",
}


def page_of(gathered: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The page as HTML, complete in one file."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = _day
    environment.filters["moment"] = _moment
    environment.filters["words"] = _words
    environment.filters["name"] = partial(_name, names)
    return environment.get_template("person.html.jinja").render(**gathered)


def _day(text: str | None) -> str:
    """A day such as 14 March 1957."""
    if text is None:
        return "not known"
    day = date.fromisoformat(text[:10])
    return f"{day.day} {day:%B %Y}"


def _moment(text: str | None) -> str:
    """A day and time where the person lives."""
    if text is None:
        return "not known"
    at = datetime.fromisoformat(text).astimezone(_LONDON)
    return f"{at.day} {at:%B %Y}, {at:%H:%M}"


def _words(code: object) -> str:
    """A code as words."""
    if code is None or code == "":
        return "not stated"
    if isinstance(code, bool):
        return "yes" if code else "no"
    text = str(code)
    return _WORDS.get(text, re.sub(r"[_-]", " ", text))


def _name(names: Mapping[str, str], id_: str) -> str:
    """What a service or an organisation is called; a practice is known by its code."""
    return names.get(id_, id_)
