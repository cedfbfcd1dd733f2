"""Secrets come from the environment or from files, and come out nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from shared.servers import free_port
from shared.settings import ServiceSettings
from tests.deploy.compose import ROOT, SERVICES

REQUIRED = {
    "LINKWAY_MONGO_URI": "mongodb://127.0.0.1/?replicaSet=rs0",
    "LINKWAY_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "LINKWAY_JWKS": "jwks.json",
    "LINKWAY_ISSUER": "https://issuer.example.org",
}
FERNET = "aHVzaC1odXNoLWh1c2gtaHVzaC1odXNoLWh1c2gtaHU="


class Settings(ServiceSettings):
    service: str = "garden"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("LINKWAY_")]:
        monkeypatch.delenv(name)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def file(folder: Path, content: str | bytes) -> str:
    path = folder / "secret"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def settings_class(service: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = import_module(f"services.{service}.settings").Settings
    return found


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_setting_may_be_given_as_a_file(
    env: pytest.MonkeyPatch, tmp_path: Path, end: str
) -> None:
    env.delenv("LINKWAY_MONGO_URI")
    env.setenv("LINKWAY_MONGO_URI_FILE", file(tmp_path, f"mongodb://keeper:hush-hush@db/ {end}"))
    given = Settings().mongo_uri
    assert given.get_secret_value() == "mongodb://keeper:hush-hush@db/ "
    assert "hush" not in repr(Settings())


def test_lists_and_numbers_are_read_from_files_as_from_variables(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.setenv("LINKWAY_SECRET_KEYS_FILE", file(tmp_path, f"{FERNET}, {FERNET}\n"))
    found: Any = settings_class("notifications").model_validate({})
    assert [key.get_secret_value() for key in found.secret_keys] == [FERNET, FERNET]
    env.setenv("LINKWAY_MAX_BODY_BYTES_FILE", file(tmp_path, "123\n"))
    assert Settings().max_body_bytes == 123


def test_a_setting_given_twice_is_refused(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env.setenv("LINKWAY_MONGO_URI_FILE", file(tmp_path, "mongodb://other/"))
    with pytest.raises(SettingsError, match="LINKWAY_MONGO_URI and LINKWAY_MONGO_URI_FILE"):
        Settings()


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read"), (b"\xff\xfe hush", "not text in UTF-8"), (b"h" * 70_000, "larger")],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_of_it_shown(
    env: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = str(tmp_path / "none") if content is None else file(tmp_path, content)
    env.setenv("LINKWAY_KAFKA_PASSWORD_FILE", path)
    with pytest.raises(SettingsError, match=why) as caught:
        Settings()
    assert "LINKWAY_KAFKA_PASSWORD_FILE" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "hhhh" not in str(caught.value)


def test_a_value_from_a_file_that_does_not_fit_is_not_shown(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.setenv("LINKWAY_LINK_KEYS_FILE", file(tmp_path, "hush-hush"))
    with pytest.raises(ValidationError) as caught:
        settings_class("referral").model_validate({})
    assert "link_keys must have 32 characters" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_called_a_secret_is_kept_as_one(service: str) -> None:
    words = ("password", "secret", "token", "key", "uri")
    about = ("_file", "_id", "_url", "_seconds", "_held")
    public = {"token_url", "transit_key", "kafka_key_file", "kafka_certificate_file"}
    for name, field in settings_class(service).model_fields.items():
        named_so = any(word in name.split("_") or f"{word}s" in name.split("_") for word in words)
        if named_so and name not in public and not name.endswith(about):
            kinds = {field.annotation, *get_args(field.annotation)}
            assert SecretStr in kinds, name


SECRETS = {
    "LINKWAY_KAFKA_PASSWORD": "hush-kafka",
    "LINKWAY_LINK_KEYS": "hush-links-hush-links-hush-links-hush",
    "LINKWAY_SECRET_KEYS": FERNET,
    "LINKWAY_SMTP_PASSWORD": "hush-smtp",
    "LINKWAY_NOTIFY_API_KEY": "hush-notify",
    "LINKWAY_NOTIFY_CALLBACK_TOKEN": "hush-callback",
    "LINKWAY_CLIENT_SECRET": "hush-client",
}


def run(environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Start notifications, which has the most secrets, at DEBUG; what it said in the end."""
    for name, value in SECRETS.items():
        (folder / name).write_text(f"{value}\n")
    files = {f"{name}_FILE": str(folder / name) for name in SECRETS if name not in environment}
    given = {
        "PATH": os.environ["PATH"],
        "LINKWAY_LOG_LEVEL": "DEBUG",
        "LINKWAY_GRACEFUL_SECONDS": "0.5",
        "LINKWAY_NOTIFY_SMS_TEMPLATE_ID": "sms",
        "LINKWAY_NOTIFY_LETTER_TEMPLATE_ID": "letter",
        "LINKWAY_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "LINKWAY_KAFKA_USERNAME": "notifications",
        **REQUIRED,
        "LINKWAY_MONGO_URI": f"mongodb://keeper:hush-mongo@127.0.0.1:{free_port()}/?replicaSet=rs",
        **files,
        **environment,
    }
    command = ["-m", "services.console", "serve", "notifications", "--port", str(free_port())]
    ended = subprocess.run(
        [sys.executable, *command],
        env=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "did not answer"),
        ({"LINKWAY_MONGO_URI": "mongodb://keeper:hush-mongo@[broken"}, "mongo"),
        ({"LINKWAY_SECRET_KEYS": "hush-secret"}, "LINKWAY_SECRET_KEYS"),
        ({"LINKWAY_KAFKA_PASSWORD": ""}, "kafka_password"),
        ({"LINKWAY_ENV": "production"}, "production"),
    ],
    ids=["no database", "no address", "bad key", "no password", "not for production"],
)
def test_a_service_that_fails_at_debug_shows_no_secret(
    tmp_path: Path, environment: dict[str, str], says: str
) -> None:
    status, said = run(environment, tmp_path)
    assert status != 0
    assert says in said.lower() or says in said
    assert "hush" not in said
    assert FERNET not in said
