"""The issuer's keys: fetched, kept, and what holds while they cannot be had."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import Unauthenticated, Unavailable
from tests.shared.tokens import (
    ACTOR,
    DAY,
    OTHER_KEY,
    Issuer,
    authenticator,
    jwk,
    token,
)


async def test_keys_are_fetched_once_and_again_when_the_issuer_has_a_new_one(
    key_server: Issuer, pass_time: Callable[[float], None]
) -> None:
    tokens = authenticator(key_server.url)
    await tokens.authenticate(token())
    await tokens.authenticate(token(sub="lw-8"))
    assert key_server.asked == 1
    key_server.keys = [jwk(), jwk(OTHER_KEY, "k2")]
    pass_time(11)
    new = token(key=OTHER_KEY, headers={"kid": "k2"})
    assert await tokens.authenticate(new) == ACTOR
    assert key_server.asked == 2


@pytest.mark.usefixtures("pass_time")
async def test_made_up_key_ids_do_not_flood_the_issuer(key_server: Issuer) -> None:
    tokens = authenticator(key_server.url)
    await tokens.authenticate(token())
    for n in range(50):
        with pytest.raises(Unauthenticated):
            await tokens.authenticate(token(headers={"kid": f"made-up-{n}"}))
    assert key_server.asked == 1


async def test_without_the_issuers_keys_the_service_is_unavailable_until_they_come(
    key_server: Issuer, pass_time: Callable[[float], None]
) -> None:
    key_server.keys = None
    tokens = authenticator(key_server.url)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await tokens.authenticate(token())
    assert key_server.asked == 1
    key_server.keys = [jwk()]
    pass_time(1.1)
    assert await tokens.authenticate(token()) == ACTOR


async def test_known_keys_outlast_an_issuer_that_is_away_for_hours_but_not_for_days(
    key_server: Issuer, pass_time: Callable[[float], None]
) -> None:
    tokens = authenticator(key_server.url)
    await tokens.authenticate(token())
    key_server.keys = None
    pass_time(3 * 3600)
    assert await tokens.authenticate(token(exp=int(time.time()) + 5 * DAY)) == ACTOR
    pass_time(22 * 3600)
    with pytest.raises(Unavailable):
        await tokens.authenticate(token(exp=int(time.time()) + 5 * DAY))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        '{"keys": 3}',
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]}',
    ],
)
async def test_a_key_set_without_a_usable_key_makes_the_service_unavailable(
    tmp_path: Path, document: str
) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(document)
    with pytest.raises(Unavailable):
        await authenticator(file).authenticate(token())


async def test_a_missing_key_file_makes_the_service_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await authenticator(tmp_path / "nowhere.json").authenticate(token())


async def test_keys_of_other_kinds_and_uses_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    others = [{"kty": "unheard-of", "kid": "k0"}, jwk(OTHER_KEY, "k1", use="enc")]
    file.write_text(json.dumps({"keys": [*others, jwk(use="sig")]}))
    assert await authenticator(file).authenticate(token()) == ACTOR
