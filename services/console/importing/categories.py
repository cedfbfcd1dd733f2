"""From the words sources use for kinds of service to the directory's need codes."""

from __future__ import annotations

import re
from importlib.resources import files

from pydantic import BaseModel, TypeAdapter


class Category(BaseModel):
    """Words that mean a kind of service, and the needs such a service answers."""

    words: tuple[str, ...]
    need_codes: tuple[str, ...]

    def means(self, text: str) -> bool:
        """Whether ``text``, in small letters, has one of the words, or its plural."""
        return any(re.search(rf"\b{re.escape(word)}(?:e?s)?\b", text) for word in self.words)


CATEGORIES = TypeAdapter(tuple[Category, ...]).validate_json(
    files("services.console.importing").joinpath("categories.json").read_bytes()
)


def need_codes(*texts: str) -> tuple[str, ...]:
    """The needs named by the first of ``texts`` that names any; none is an answer too."""
    for text in texts:
        lowered = text.lower()
        codes = [
            code
            for category in CATEGORIES
            if category.means(lowered)
            for code in category.need_codes
        ]
        if codes:
            return tuple(dict.fromkeys(codes))
    return ()
