"""The four services as processes of their own, on servers found or started.

Used by the demo, the end-to-end tests, the fault runs and the benchmark alike.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from services.console import issuer as development
from services.console.addresses import ADDRESSES, SERVICES
from services.console.serving import token_endpoint
from shared.devissuer import DevIssuer
from shared.servers import Servers, Supervisor, free_port
from shared.store import Database

TENANT = development.TENANT

__all__ = ["SERVICES", "TENANT", "Platform", "client", "running_platform"]

_ROOT = Path(__file__).resolve().parent.parent.parent
_GRACE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Platform:
    """Running services: where they are, and tokens to talk to them."""

    servers: Servers
    processes: Supervisor
    issuer: DevIssuer
    urls: Mapping[str, str]
    databases: Mapping[str, str]
    topic_prefix: str

    def token(self, role: str, organisation: str, *, subject: str | None = None) -> str:
        """A bearer token for someone of this role and organisation, good for a day."""
        return self.issuer.issue(
            subject=subject or f"{role}-of-{organisation}",
            role=role,
            organisation=organisation,
            tenant=TENANT,
            lifetime=timedelta(days=1),
        )

    def headers(self, role: str, organisation: str, **more: str) -> dict[str, str]:
        """Request headers for someone of this role and organisation."""
        return {"Authorization": f"Bearer {self.token(role, organisation)}", **more}

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Database]:
        """A service's own database, to count in; never to write to."""
        database = Database.connect(self.servers.mongo_uri, self.databases[service])
        try:
            yield database
        finally:
            await database.close()

    async def wait_ready(
        self, *services: str, ready: Callable[[str], None] = lambda _: None
    ) -> None:
        """Until these services, or all, say that they are ready; ``ready`` hears of each."""

        async def wait(name: str) -> None:
            await self.processes.wait_ready(name, f"{self.urls[name]}/ready", within=60)
            ready(name)

        await asyncio.gather(*(wait(name) for name in services or SERVICES))

    def ended(self) -> list[str]:
        """The services that run no more, though nobody stopped them."""
        return [service for service in self.urls if not self.processes.running(service)]

    async def restart(self, service: str) -> None:
        """Start a service again, stopped or killed before, and wait until it is ready."""
        await self.processes.restart(service)
        await self.wait_ready(service)


@asynccontextmanager
async def running_platform(
    servers: Servers,
    folder: Path,
    *,
    prefix: str = "",
    ports: Mapping[str, int] | None = None,
    settings: Mapping[str, str] | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Platform]:
    """Start the four services, wait until they are ready, and stop them at the end.

    ``prefix`` goes before databases, topics and groups, so that several platforms can share
    servers. ``settings`` adds to every service's environment; ``ready`` hears of each service
    that is. Raises ServerError with the end of the log of a service that does not start.
    """
    issuer, jwks = _issuer_in(folder)
    at = {name: (ports or {}).get(name) or free_port() for name in SERVICES}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in at.items()}
    databases = {name: f"{prefix}{name}" for name in SERVICES}
    shared_settings = {
        "LINKWAY_MONGO_URI": servers.mongo_uri,
        "LINKWAY_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
        "LINKWAY_KAFKA_IDEMPOTENCE": str(servers.kafka_idempotent).lower(),
        "LINKWAY_TOPIC_PREFIX": prefix,
        "LINKWAY_JWKS": str(jwks),
        "LINKWAY_ISSUER": issuer.issuer,
        "LINKWAY_REFERRAL_BASE_URL": urls["referral"],
        "LINKWAY_DIRECTORY_BASE_URL": urls["directory"],
        "LINKWAY_OUTCOMES_BASE_URL": urls["outcomes"],
        "LINKWAY_AUDIT_DAYBOOK": str(folder / "daybook"),
        "LINKWAY_WEBHOOK_ALLOW_LOOPBACK": "true",
        # Here a few people do in minutes the work of hundreds in weeks.
        "LINKWAY_RATE_PERSON": "off",
        "LINKWAY_RATE_TENANT": "off",
        **(settings or {}),
    }
    async with AsyncExitStack() as stack:
        shared_settings = {
            **await stack.enter_async_context(token_endpoint(issuer)),
            **shared_settings,
        }
        processes = await stack.enter_async_context(Supervisor(folder / "logs"))
        for name in SERVICES:
            await processes.start(
                name,
                _command(name, at[name]),
                env={
                    "LINKWAY_PUBLIC_URL": urls[name],
                    **shared_settings,
                    "LINKWAY_MONGO_DATABASE": databases[name],
                },
                cwd=_ROOT,
                grace=_GRACE_SECONDS,
            )
        platform = Platform(servers, processes, issuer, urls, databases, prefix)
        await platform.wait_ready(ready=ready)
        # Where `linkway ops` looks for them.
        (folder / ADDRESSES).write_text(json.dumps(urls))
        yield platform


def _issuer_in(folder: Path) -> tuple[DevIssuer, Path]:
    issuer = DevIssuer(folder)
    return issuer, issuer.write_jwks(folder / "jwks.json")


def _command(service: str, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "services.console",
        "serve",
        service,
        "--port",
        str(port),
    ]


def client() -> httpx.AsyncClient:
    """An HTTP client for the services, deaf to proxies of the environment."""
    return httpx.AsyncClient(timeout=30, trust_env=False)
