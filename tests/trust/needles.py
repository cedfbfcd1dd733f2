"""What would give a person away, in every form in which it might be written down."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, quote_plus, unquote_plus

_HEAD = 5
"""Characters by which a form is first looked for; none is shorter."""
_SHORTEST_IN_BASE64 = 9
"""Bytes: fewer leave too few characters that do not depend on what stands beside them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found; ``form`` is how it was written."""

    place: str
    what: str
    form: str
    around: str


class _Forms:
    """Texts to be found all at once: one walk over what is searched, however many they are."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._by_head: dict[str, dict[str, str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_head.values()))

    def add(self, form: str, what: str) -> None:
        if len(form) < _HEAD:
            raise ValueError(f"{what}: {len(form)} characters are too few to be told apart")
        self._by_head.setdefault(form[:_HEAD], {})[form] = what

    def found_in(self, content: str) -> Iterator[tuple[str, str, int]]:
        """Each form that is there, what it is and where."""
        heads = self._by_head
        for at in range(len(content) - _HEAD + 1):
            if content[at : at + _HEAD] in heads:
                for form, what in heads[content[at : at + _HEAD]].items():
                    if content.startswith(form, at) and (
                        not self._alone or _stands_alone(content, form, at)
                    ):
                        yield form, what, at


class Needles:
    """Values to look for, each under the name of what it is."""

    def __init__(self) -> None:
        self._plain = _Forms(alone=True)
        self._encoded = _Forms(alone=False)

    def __len__(self) -> int:
        return len(self._plain) + len(self._encoded)

    def add(self, what: str, value: str) -> None:
        """A text, whatever its case, accents, and spaces, and as URLs and base64 have it."""
        for form in {value, quote(value), quote_plus(value), re.sub(r"\s+", "", value)}:
            self._plain.add(_plain(form), what)
        for form in {value, value.lower(), value.upper()}:
            for encoded in _base64(form.encode()):
                self._encoded.add(encoded, what)

    def add_number(self, what: str, value: str) -> None:
        """A number as it is spoken in groups, and as it is kept."""
        digits = re.sub(r"\D", "", value)
        self.add(what, value)
        self.add(what, digits)
        if digits.startswith("0"):
            self.add(what, "+44" + digits[1:])
            self.add(what, f"+44 {digits[1:5]} {digits[5:]}")
        else:
            for between in " -":
                self.add(what, between.join((digits[:3], digits[3:6], digits[6:])))

    def add_date(self, what: str, value: date) -> None:
        """A date, as people and as machines write it."""
        for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d"):
            self.add(what, value.strftime(form))
        for month in ("%B", "%b"):
            self.add(what, f"{value.day} {value.strftime(month)} {value.year}")

    def hits(self, place: str, data: bytes | str) -> Iterator[Hit]:
        """Each value that is in ``data``, once."""
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        plain = _plain(text)
        readings = {"": plain}
        if "%" in plain:
            readings[" after URL decoding"] = _plain(unquote_plus(text))
        if "\\u" in plain:
            readings[" after JSON unescaping"] = _plain(_unescaped(text))
        found: dict[str, Hit] = {}
        for reading, content in readings.items():
            for form, what, at in self._plain.found_in(content):
                around = content[max(0, at - 80) : at + 80]
                found.setdefault(what, Hit(place, what, form + reading, around))
        for form, what, at in self._encoded.found_in(text):
            around = text[max(0, at - 80) : at + 80]
            found.setdefault(what, Hit(place, what, f"{form} (base64)", around))
        yield from found.values()


def search(needles: Needles, places: Mapping[str, bytes]) -> list[Hit]:
    """Everything found in all of the places."""
    return [hit for place, data in places.items() for hit in needles.hits(place, data)]


def _plain(text: str) -> str:
    """Without case and accents."""
    folded = unicodedata.normalize("NFKD", text) if not text.isascii() else text
    return "".join(c for c in folded if not unicodedata.combining(c)).casefold()


def _stands_alone(content: str, form: str, at: int) -> bool:
    """Whether a form that begins or ends with a digit is no part of a longer number or word."""
    before, after = content[at - 1 : at], content[at + len(form) : at + len(form) + 1]
    return not (form[0].isdigit() and before.isalnum()) and not (
        form[-1].isdigit() and after.isalnum()
    )


def _base64(value: bytes) -> Iterator[str]:
    """The characters by which a value shows in base64, wherever in a text it began."""
    if len(value) < _SHORTEST_IN_BASE64:
        return
    for shift in range(3):
        encoded = b64encode(b"\0" * shift + value).decode().rstrip("=")
        # The first characters hold bits of what came before, the last of what comes after.
        whole = encoded[4 if shift else 0 :]
        yield whole[:-1] if (shift + len(value)) % 3 else whole


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
