"""What an examination found of one thing, and what to do about it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Level = Literal["ok", "warn", "fail"]


class Finding(BaseModel):
    """``said`` is what was seen, ``do`` what to do; neither ever holds a secret."""

    model_config = ConfigDict(frozen=True)

    name: str
    level: Level
    said: str
    do: str = ""


def ok(name: str, said: str) -> Finding:
    """All is well."""
    return Finding(name=name, level="ok", said=said)


def warn(name: str, said: str, do: str) -> Finding:
    """It works, and should be seen to."""
    return Finding(name=name, level="warn", said=said, do=do)


def fail(name: str, said: str, do: str) -> Finding:
    """It does not work, or will lose something."""
    return Finding(name=name, level="fail", said=said, do=do)


def worse(name: str, said: str, do: str, *, production: bool) -> Finding:
    """Fit for a demonstration only: a warning there, a failure in production."""
    return fail(name, said, do) if production else warn(name, said, do)
