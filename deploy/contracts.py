"""Write what each service promises to docs/contracts, or check that the copies are current.

    python deploy/contracts.py           renew
    python deploy/contracts.py --check   fail if a service promises something else

OpenAPI is its HTTP API, AsyncAPI its events. No server is needed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib import import_module
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "contracts"
SERVICES = ("referral", "directory", "outcomes", "notifications")
NOWHERE = {
    "LINKWAY_MONGO_URI": "mongodb://127.0.0.1:1/",
    "LINKWAY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "LINKWAY_JWKS": "/dev/null",
    "LINKWAY_ISSUER": "https://issuer.linkway.example/dev",
    "LINKWAY_LOG_LEVEL": "WARNING",
}


async def promises() -> dict[str, str]:
    """The documents by file name, as each service serves them."""
    found = {}
    for service in SERVICES:
        app = import_module(f"services.{service}.app").create_app()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            for kind, path in (("openapi", "/openapi.json"), ("asyncapi", "/asyncapi")):
                answer = (await client.get(path)).raise_for_status().json()
                text = json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False)
                found[f"{service}.{kind}.json"] = text + "\n"
    return found


def main() -> int:
    """Renew or check; the exit status is the number of files that are out of date."""
    os.environ.update(NOWHERE)
    documents = asyncio.run(promises())
    if "--check" not in sys.argv[1:]:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    stale = [
        name
        for name, text in documents.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        sys.stdout.write(f"docs/contracts/{name} is not what the service says: `make contracts`.\n")
    sys.stdout.write("" if stale else "Contracts are current.\n")
    return len(stale)


if __name__ == "__main__":
    sys.exit(main())
