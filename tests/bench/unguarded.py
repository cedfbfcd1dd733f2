"""The referral service that asks nobody for a token: what asking costs is measured against it.

No setting does this, and none may: here the gate itself is taken away.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import Scope

from services.referral import app
from shared.cause import Actor
from tests.bench.audit import PRACTICE, TENANT

SOMEONE = Actor("bench-1", "referrer", PRACTICE, TENANT)


class NoGate:
    """Lets everyone in as the same person."""

    async def admit(self, scope: Scope) -> Actor:
        del scope
        return SOMEONE

    def check_scope(self, actor: Actor, operation: str) -> None:
        """No scope is needed."""


def create_app() -> FastAPI:
    """The same application without its gate: no token is verified, no limit counted."""
    made = app.create_app()
    made.state.gate = NoGate()
    return made
