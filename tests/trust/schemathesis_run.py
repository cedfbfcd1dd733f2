"""A long run of what ``test_schemathesis`` does in short: more cases, a seed of your choice.

    python -m tests.trust.schemathesis_run                          200 cases of each operation
    python -m tests.trust.schemathesis_run --cases 1000 --seed 7 referral

The exit status is the number of failures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from shared.devissuer import DevIssuer
from shared.ids import new_id
from shared.servers import Finder
from shared.store import Database
from tests.trust.probing import SEED, Found
from tests.trust.served import SERVICES, probe


async def _run(services: list[str], cases: int, seed: int) -> int:
    issuer = DevIssuer()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        jwks = issuer.write_jwks(Path(folder) / "jwks.json")
        async with Finder(local="tansu", folder=Path(folder), say=print) as finder:
            servers = await finder.servers()
            for service in services:
                database = f"probe-{new_id()[-12:]}"
                os.environ |= {
                    "LINKWAY_ENV": "development",
                    "LINKWAY_MONGO_URI": servers.mongo_uri,
                    "LINKWAY_MONGO_DATABASE": database,
                    "LINKWAY_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
                    "LINKWAY_JWKS": str(jwks),
                    "LINKWAY_ISSUER": issuer.issuer,
                    "LINKWAY_AUDIENCE": issuer.audience,
                }
                found = await probe(service, issuer, cases, seed)
                _tell(service, found)
                failures += len(found.failures)
                own = Database.connect(servers.mongo_uri, database)
                await own.drop()
                await own.close()
    return failures


def _tell(service: str, found: Found) -> None:
    print(f"{service}: {found.told()}")
    for name, why in found.failures.items():
        print(f"\n{name}\n{why}")


def main() -> int:
    """Ask every operation, and tell what was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="*", metavar="service", help="default: all")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    if unknown := set(asked.services) - set(SERVICES):
        parser.error(f"no such service: {', '.join(sorted(unknown))}")
    return asyncio.run(_run(asked.services or list(SERVICES), asked.cases, asked.seed))


if __name__ == "__main__":
    sys.exit(main())
