"""Web addresses, e-mail addresses and telephone numbers, as found in real files."""

from __future__ import annotations

import re

_LONGEST = 255
_HOST = r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?"
_WEB = re.compile(rf"(?:(https?)://)?({_HOST}(?:[/?#][^\s<>\"]*)?)", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,30}")


def web_address(text: str) -> str | None:
    """The first web address of ``text``, with a scheme; None where there is none."""
    match = _WEB.fullmatch(next(iter(text.split()), ""))
    if match is None:
        return None
    address = f"{(match[1] or 'https').lower()}://{match[2]}"
    return address if len(address) <= _LONGEST else None


def email(text: str) -> str | None:
    """An e-mail address, or None."""
    return text if _EMAIL.fullmatch(text) and len(text) <= _LONGEST else None


def telephone(text: str) -> str | None:
    """A telephone number, or None."""
    return text if _TELEPHONE.fullmatch(text) else None
