"""Master keys: in a file, and in a key service that speaks the transit engine's HTTP API.

The stand-in below is a real HTTP server with real AES-GCM behind the engine's documented paths
and shapes; HashiCorp Vault itself cannot be had from a package index.
"""

from __future__ import annotations

import json
import os
import socket
import stat
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr, ValidationError

from services.console.serving import serving_on
from shared.errors import Unavailable
from shared.vault import KeyRefused, KeyService, LocalMasterKeys, TransitMasterKeys, VaultSettings
from shared.vault.local import add_master_key

ONE, TWO = b"1" * 32, b"2" * 32
TOKEN = "made-up-token"


@dataclass
class Engine:
    """A transit engine with one key, ``linkway``; ``trips`` are the requests it was asked."""

    versions: list[AESGCM] = field(default_factory=lambda: [AESGCM(os.urandom(32))])
    trips: list[tuple[str, int]] = field(default_factory=list)
    status: int = 200

    def rotate(self) -> None:
        self.versions.append(AESGCM(os.urandom(32)))

    def encrypt(self, plain: bytes) -> str:
        nonce = os.urandom(12)
        sealed = nonce + self.versions[-1].encrypt(nonce, plain, None)
        return f"vault:v{len(self.versions)}:{b64encode(sealed).decode()}"

    def decrypt(self, ciphertext: str) -> bytes:
        _, version, text = ciphertext.split(":")
        raw = b64decode(text)
        return self.versions[int(version[1:]) - 1].decrypt(raw[:12], raw[12:], None)

    def one(self, operation: str, item: dict[str, str]) -> dict[str, Any]:
        try:
            match operation:
                case "encrypt":
                    return {"ciphertext": self.encrypt(b64decode(item["plaintext"]))}
                case "decrypt":
                    plain = self.decrypt(item["ciphertext"])
                    return {"plaintext": b64encode(plain).decode()}
                case "rewrap":
                    return {"ciphertext": self.encrypt(self.decrypt(item["ciphertext"]))}
        except (InvalidTag, ValueError):
            return {"error": "cipher: message authentication failed"}
        raise AssertionError(operation)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/transit/keys/linkway")
        async def key() -> dict[str, Any]:
            return {"data": {"latest_version": len(self.versions)}}

        @app.post("/v1/transit/{operation}/linkway")
        async def batch(operation: str, request: Request) -> JSONResponse:
            if request.headers.get("x-vault-token") != TOKEN:
                return JSONResponse({"errors": ["permission denied"]}, 403)
            if self.status != 200:
                return JSONResponse({"errors": ["Vault is sealed"]}, self.status)
            items = (await request.json())["batch_input"]
            self.trips.append((operation, len(items)))
            results = [self.one(operation, item) for item in items]
            failed = any("error" in each for each in results)
            return JSONResponse({"data": {"batch_results": results}}, 400 if failed else 200)

        return app


@pytest.fixture
def engine() -> Engine:
    return Engine()


@asynccontextmanager
async def listening(engine: Engine) -> AsyncIterator[str]:
    """The engine behind a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        config = uvicorn.Config(engine.app(), lifespan="off", log_config=None, access_log=False)
        async with serving_on(config, port):
            yield f"http://127.0.0.1:{port.getsockname()[1]}"


@pytest.fixture
async def transit(engine: Engine) -> AsyncIterator[TransitMasterKeys]:
    async with listening(engine) as url:
        keys = TransitMasterKeys(url, "linkway", lambda: TOKEN)
        yield keys
        await keys.close()


@pytest.fixture(params=["local", "transit"])
def master(request: pytest.FixtureRequest) -> KeyService:
    if request.param == "local":
        return LocalMasterKeys({"first": b"f" * 32}, "first")
    found: KeyService = request.getfixturevalue("transit")
    return found


async def test_a_wrapped_key_shows_nothing_and_comes_back(master: KeyService) -> None:
    wrapped = await master.wrap([ONE, TWO])

    assert b64encode(ONE).decode()[:40] not in wrapped[0]
    assert await master.unwrap(wrapped) == [ONE, TWO]
    assert {master.version_of(each) for each in wrapped} == {await master.newest()}


async def test_a_changed_wrapping_is_refused_and_its_neighbour_opens(master: KeyService) -> None:
    first, second = await master.wrap([ONE, TWO])
    form, _, text = first.rpartition(":")
    raw = bytearray(b64decode(text))
    raw[20] ^= 1
    changed = f"{form}:{b64encode(raw).decode()}"

    refused, opened = await master.unwrap([changed, second])

    assert isinstance(refused, KeyRefused)
    assert opened == TWO


async def test_no_keys_are_no_work(master: KeyService) -> None:
    assert list(await master.wrap([])) == []
    assert list(await master.unwrap([])) == []


async def test_a_turned_transit_key_opens_old_wrappings_and_wraps_them_anew(
    transit: TransitMasterKeys, engine: Engine
) -> None:
    wrapped = await transit.wrap([ONE, TWO])
    engine.rotate()

    assert (await transit.newest(), transit.version_of(wrapped[0])) == ("vault:v2", "vault:v1")
    renewed = await transit.rewrap(wrapped)

    assert [each[:9] for each in renewed if isinstance(each, str)] == ["vault:v2:"] * 2
    assert await transit.unwrap([each for each in renewed if isinstance(each, str)]) == [ONE, TWO]


async def test_many_keys_go_in_one_trip(transit: TransitMasterKeys, engine: Engine) -> None:
    await transit.wrap([os.urandom(32) for _ in range(50)])

    assert engine.trips == [("encrypt", 50)]


async def test_a_sealed_key_service_may_answer_later(
    transit: TransitMasterKeys, engine: Engine
) -> None:
    engine.status = 503

    with pytest.raises(Unavailable):
        await transit.wrap([ONE])


async def test_a_key_service_that_is_away_may_answer_later() -> None:
    keys = TransitMasterKeys("http://127.0.0.1:1", "linkway", lambda: TOKEN)
    with pytest.raises(Unavailable):
        await keys.unwrap(["vault:v1:AAAA"])
    await keys.close()


async def test_a_wrong_token_is_a_fault_that_names_the_status_and_not_the_token(
    engine: Engine,
) -> None:
    async with listening(engine) as url:
        keys = TransitMasterKeys(url, "linkway", lambda: "another")
        with pytest.raises(RuntimeError, match="status 403") as refused:
            await keys.wrap([ONE])
        assert "another" not in str(refused.value)
        await keys.close()


async def test_a_new_master_key_wraps_and_the_old_ones_still_open(tmp_path: Path) -> None:
    file = tmp_path / "masters.json"
    add_master_key(file, "2026-01")
    (old,) = await LocalMasterKeys.read(file).wrap([ONE])
    add_master_key(file, "2026-07")
    both = LocalMasterKeys.read(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await both.unwrap([old]) == [ONE]
    assert (await both.newest(), both.version_of(old)) == ("local:2026-07", "local:2026-01")
    (new,) = await both.rewrap([old])
    assert isinstance(new, str)
    assert new.startswith("local:2026-07:")

    held = json.loads(file.read_text())
    del held["keys"]["2026-01"]
    file.write_text(json.dumps(held))
    (refused,) = await LocalMasterKeys.read(file).unwrap([old])
    assert isinstance(refused, KeyRefused)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not JSON"),
        ("{}", 'must hold "newest" and "keys"'),
        ('{"newest": "a", "keys": {}}', "newest master key is not among"),
        ('{"newest": "a", "keys": {"a": "AAAA"}}', "has 32 bytes"),
        ('{"newest": "a", "keys": {"a": "?"}}', "is not base64"),
    ],
)
def test_a_file_that_is_none_of_master_keys_says_so(
    tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "masters.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=says):
        LocalMasterKeys.read(file)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        LocalMasterKeys.read(tmp_path / "none.json")


def test_a_master_keys_name_is_not_used_twice(tmp_path: Path) -> None:
    add_master_key(tmp_path / "masters.json", "a")
    with pytest.raises(ValueError, match="named a already"):
        add_master_key(tmp_path / "masters.json", "a")


def settings(**stated: object) -> VaultSettings:
    return VaultSettings.model_validate(
        {
            "service": "referral",
            "mongo_uri": "mongodb://127.0.0.1/?tls=true",
            "kafka_bootstrap": "127.0.0.1:1",
            "kafka_security_protocol": "SSL",
            "jwks": "https://issuer.example.org/jwks",
            "issuer": "https://issuer.example.org",
            **stated,
        }
    )


REAL: dict[str, object] = {
    "env": "production",
    "transit_url": "https://vault.example.org",
    "transit_token": SecretStr(TOKEN),
    "index_key": SecretStr("i" * 32),
}


def test_production_takes_a_real_master_key_and_an_index_key_of_its_own() -> None:
    assert isinstance(settings(**REAL).master_keys(), TransitMasterKeys)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"transit_url": None}, "development master key must not be used"),
        ({"transit_url": "http://vault.example.org"}, "must begin with https"),
        ({"index_key": SecretStr("known-to-everyone-and-so-never-for-production")}, "index_key"),
        ({"index_key": SecretStr("short")}, "32 characters"),
        ({"transit_token": None}, "needs transit_token"),
        ({"master_keys_file": "masters.json"}, "not both"),
    ],
)
def test_production_refuses_keys_that_protect_nothing(
    changed: dict[str, object], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        settings(**(REAL | changed))


def test_a_token_file_is_read_at_each_use(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    stated = settings(**(REAL | {"transit_token": None, "transit_token_file": file}))
    keys = stated.master_keys()
    assert isinstance(keys, TransitMasterKeys)

    assert keys._token() == "first"
    file.write_text("second\n")
    assert keys._token() == "second"


def test_development_has_a_key_of_its_own_without_any_setting() -> None:
    assert isinstance(settings().master_keys(), LocalMasterKeys)
