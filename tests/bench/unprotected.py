"""The referral service without its gate and without its audit, to measure what both cost."""

from __future__ import annotations

from fastapi import FastAPI

from tests.bench import unaudited
from tests.bench.unguarded import NoGate


def create_app() -> FastAPI:
    """The application that verifies no token, counts no limit and writes no audit."""
    made = unaudited.create_app()
    made.state.gate = NoGate()
    return made
