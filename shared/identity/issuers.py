"""Which issuers' tokens count: their names, keys and claims, from configuration."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from shared.identity.claims import ClaimsMap

Algorithm = Literal["ES256", "RS256", "EdDSA"]

ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256", "EdDSA")
"""Asymmetric only: a public key can then never be taken for a shared secret."""


def from_json_or_file(given: object) -> object:
    """JSON as it stands in a variable, or that of the file whose path stands there."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith(("{", "[")):
        return _json(given)
    try:
        text = Path(given).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"is neither JSON nor a file that can be read: {error.strerror}") from None
    return _json(text, Path(given).parent)


def _json(text: str, folder: Path | None = None) -> Any:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if folder is not None and isinstance(found, list):
        # Beside a list of issuers their mappings are named from where the list is.
        for each in found:
            if isinstance(each, dict) and isinstance(each.get("claims"), str):
                each["claims"] = str(folder / each["claims"])
    return found


Claims: TypeAlias = Annotated[ClaimsMap, NoDecode, BeforeValidator(from_json_or_file)]
"""A ClaimsMap given as itself, as JSON, or as the path of a file of it."""


class TrustedIssuer(BaseModel):
    """One issuer: the ``iss`` and ``aud`` of its tokens, its public keys and its claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1)
    jwks: str = Field(min_length=1)
    """An `https://` URL or the path of a file."""
    audience: str | tuple[str, ...] = "linkway"
    """One of these must be in the token's ``aud``."""
    algorithms: tuple[Algorithm, ...] = Field(default=ALGORITHMS, min_length=1)
    claims: Claims = ClaimsMap()
    subject_prefix: str = Field(default="", max_length=20, pattern=r"^[A-Za-z0-9._-]*$")
    """Put before each subject: an id is one person's at its own issuer only."""

    @property
    def audiences(self) -> list[str]:
        """Each ``aud`` that counts."""
        return [self.audience] if isinstance(self.audience, str) else list(self.audience)


Issuers: TypeAlias = Annotated[
    tuple[TrustedIssuer, ...], NoDecode, BeforeValidator(from_json_or_file)
]
"""Issuers given as themselves, as JSON, or as the path of a file of it."""


class Succession(BaseModel):
    """From a day on another tenant stands in a tenant's place."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    successor: str = Field(min_length=1)
    since: date = Field(alias="from")


Successions: TypeAlias = Annotated[
    dict[str, Succession], NoDecode, BeforeValidator(from_json_or_file)
]
"""By the tenant that was: `{"icb-a": {"successor": "icb-ab", "from": "2026-04-01"}}`."""


def succeeds(tenant: str, before: str, successions: Successions, today: date) -> bool:
    """Whether ``tenant`` stands in the place of ``before`` today, over any number of steps."""
    seen: set[str] = set()
    while before in successions and before not in seen:
        seen.add(before)
        step = successions[before]
        if step.since > today:
            return False
        if step.successor == tenant:
            return True
        before = step.successor
    return False
