from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from shared.errors import NotFound
from shared.links import Links
from shared.settings import LinkSettings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MORNING_AFTER = NOON + timedelta(hours=20)
BASE = "https://directory.example.org"
OLD, NEW, OTHERS = (SecretStr(letter * 32) for letter in "onx")


def issue(links: Links, purpose: str = "confirm") -> str:
    return links.issue(purpose, "svc-1", MORNING_AFTER, "icb-demo")


def test_a_token_says_what_was_put_into_it() -> None:
    links = Links([NEW], BASE)
    read = links.read(issue(links), "confirm", NOON)
    assert (read.subject, read.tenant, read.expires_at) == ("svc-1", "icb-demo", MORNING_AFTER)


def test_each_token_has_an_id_of_its_own() -> None:
    links = Links([NEW], BASE)
    ids = {links.read(issue(links), "confirm", NOON).token_id for _ in range(3)}
    assert len(ids) == 3


def test_a_token_holds_until_it_expires_and_not_at_that_second() -> None:
    links = Links([NEW], BASE)
    token = issue(links)
    assert links.read(token, "confirm", MORNING_AFTER - timedelta(seconds=1)).subject == "svc-1"
    with pytest.raises(NotFound):
        links.read(token, "confirm", MORNING_AFTER)


def test_a_token_for_one_purpose_is_none_for_another() -> None:
    links = Links([NEW], BASE)
    with pytest.raises(NotFound):
        links.read(issue(links, "decline"), "confirm", NOON)


def test_after_a_change_of_keys_old_links_hold_until_the_old_key_is_dropped() -> None:
    token = issue(Links([OLD], BASE))
    assert Links([NEW, OLD], BASE).read(token, "confirm", NOON).subject == "svc-1"
    with pytest.raises(NotFound):
        Links([NEW], BASE).read(token, "confirm", NOON)


def test_the_first_key_signs() -> None:
    token = issue(Links([NEW, OLD], BASE))
    assert Links([NEW], BASE).read(token, "confirm", NOON).subject == "svc-1"
    with pytest.raises(NotFound):
        Links([OLD], BASE).read(token, "confirm", NOON)


@pytest.mark.parametrize("token", ["", ".", "a.b", "W10.x", "é", "x" * 5_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotFound):
        Links([NEW], BASE).read(token, "confirm", NOON)


@given(place=st.integers(0, 10_000), character=st.sampled_from("abcXYZ019-_."))
def test_a_token_changed_anywhere_is_refused(place: int, character: str) -> None:
    links = Links([NEW], BASE)
    token = issue(links)
    place %= len(token) - 1  # the last character of base64 has bits that say nothing
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(NotFound):
            links.read(changed, "confirm", NOON)


def test_a_token_signed_by_someone_else_is_refused() -> None:
    with pytest.raises(NotFound):
        Links([NEW], BASE).read(issue(Links([OTHERS], BASE)), "confirm", NOON)


def test_links_need_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Links([], BASE)


def test_a_link_is_the_service_s_address_the_path_and_the_token() -> None:
    assert Links([NEW], f"{BASE}/").url("/confirm", "abc") == f"{BASE}/confirm/abc"


# Settings


class Settings(LinkSettings):
    service: str = "garden"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "MONGO_URI": "mongodb://127.0.0.1/?replicaSet=rs0&tls=true",
        "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "JWKS": "https://issuer.example.org/jwks.json",
        "ISSUER": "https://issuer.example.org",
    }.items():
        monkeypatch.setenv(f"LINKWAY_{name}", value)
    return monkeypatch


def test_keys_are_read_from_one_variable_in_their_order(env: pytest.MonkeyPatch) -> None:
    env.setenv("LINKWAY_LINK_KEYS", f"{'n' * 32}, {'o' * 32}")
    assert Settings().link_keys == (NEW, OLD)
    assert "nnn" not in repr(Settings())


@pytest.mark.usefixtures("env")
def test_development_has_a_key_everyone_knows() -> None:
    assert len(Settings().link_keys) == 1


def test_production_does_not_start_without_keys_of_its_own(env: pytest.MonkeyPatch) -> None:
    env.setenv("LINKWAY_ENV", "production")
    env.setenv("LINKWAY_PUBLIC_URL", BASE)
    with pytest.raises(ValidationError, match="link_keys must be stated in production"):
        Settings()
    env.setenv("LINKWAY_LINK_KEYS", "n" * 32)
    assert Settings().link_keys == (NEW,)


def test_production_gives_out_https_links_only(env: pytest.MonkeyPatch) -> None:
    env.setenv("LINKWAY_ENV", "production")
    env.setenv("LINKWAY_LINK_KEYS", "n" * 32)
    with pytest.raises(ValidationError, match="public_url"):
        Settings()


@pytest.mark.parametrize("keys", ["", " , ", "short", f"{'n' * 32},short"])
def test_a_key_that_is_missing_or_short_stops_the_service(
    env: pytest.MonkeyPatch, keys: str
) -> None:
    env.setenv("LINKWAY_LINK_KEYS", keys)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "nnn" not in str(caught.value)
