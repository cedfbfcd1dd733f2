"""Examining the process: Python, keys of the token issuer, and settings fit for production."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from shared.audit.daybook import UNREADABLE
from shared.auth import Authenticator
from shared.doctor.finding import Finding, fail, ok, warn, worse
from shared.errors import Unavailable
from shared.settings import ServiceSettings

_OLDEST, _NEWEST = (3, 11), (3, 14)


async def examine_process(
    settings: ServiceSettings, authenticator: Authenticator
) -> AsyncIterator[Finding]:
    """Python's version, the issuer's keys, and what must not be in production."""
    yield _python(sys.version_info[:2])
    try:
        count = await authenticator.reachable_keys()
    except Unavailable:
        yield fail(
            "token keys",
            "the issuer's keys cannot be read",
            "see that LINKWAY_JWKS names a file or an https address that answers with a JWKS",
        )
    else:
        yield ok("token keys", f"{count} keys of the issuer")
    yield _daybook(settings.audit_daybook)
    for finding in _settings(settings):
        yield finding


def _daybook(folder: Path | None) -> Finding:
    name = "audit daybook"
    if folder is None:
        return ok(name, "none: readings wait for the database")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return fail(
            name,
            f"{folder} is not a folder that this service may write",
            "see that LINKWAY_AUDIT_DAYBOOK names one, on a disk that outlives the process; "
            "readings wait for the database meanwhile",
        )
    if unreadable := len(list(folder.glob(f"*{UNREADABLE}"))):
        return warn(
            name,
            f"{unreadable} damaged pages in {folder}",
            "keep them with the audit, which does not have their lines, and take them away",
        )
    return ok(name, f"in {folder}")


def _python(version: tuple[int, ...]) -> Finding:
    said = ".".join(map(str, version))
    if version < _OLDEST:
        return fail("python", said, "use Python 3.11 or newer")
    if version > _NEWEST:
        return warn("python", said, "newer than any Linkway was tried with: run its tests on it")
    return ok("python", said)


def _in_the_clear(settings: ServiceSettings) -> Iterable[tuple[str, str]]:
    """What is not encrypted; a production service starts so only where that was accepted."""
    accepted = ", as LINKWAY_ALLOW_PLAINTEXT accepts" if settings.is_production else ""
    if settings.kafka_security_protocol == "PLAINTEXT":
        yield (
            f"Kafka is spoken to without encryption or sign-in{accepted}",
            "set LINKWAY_KAFKA_SECURITY_PROTOCOL=SASL_SSL, with user and password",
        )
    elif settings.kafka_security_protocol == "SASL_PLAINTEXT":
        yield (
            f"Kafka is spoken to without encryption{accepted}",
            "set LINKWAY_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
        )
    if not settings.mongo_encrypted:
        yield (
            f"MongoDB is spoken to without encryption{accepted}",
            "set LINKWAY_MONGO_CA_FILE, or tls=true in LINKWAY_MONGO_URI",
        )


def _settings(settings: ServiceSettings) -> Iterable[Finding]:
    production = settings.is_production
    name = "settings"
    faults = 0
    if not production:
        faults += 1
        yield warn(
            name, "LINKWAY_ENV is development", "set LINKWAY_ENV=production where people are real"
        )
    for said, do in _in_the_clear(settings):
        faults += 1
        yield warn(name, said, do)
    if not settings.kafka_idempotence:
        faults += 1
        yield worse(
            name,
            "the producer is not idempotent: an event may come twice after a fault",
            "set LINKWAY_KAFKA_IDEMPOTENCE=true with any Kafka but the embedded broker",
            production=production,
        )
    if "@" not in settings.mongo_uri.get_secret_value():
        faults += 1
        yield worse(
            name,
            "MongoDB is spoken to without a user",
            "turn authorization on and put a user of this service's own into LINKWAY_MONGO_URI",
            production=production,
        )
    if not faults:
        yield ok(name, "fit for production")
