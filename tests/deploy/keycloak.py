"""A real Keycloak with the realm of the compose file, from Maven Central, on Java.

``LINKWAY_TEST_KEYCLOAK`` is `maven`, or the folder of an unpacked distribution. It takes minutes
to start, so nothing runs it unless asked: `make keycloak`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from shared.servers import free_port
from shared.servers.folders import cache_folder
from tests.deploy import realm
from tests.deploy.compose import containers

WHERE = "LINKWAY_TEST_KEYCLOAK"
VERSION = containers()["keycloak"]["image"].rpartition(":")[2]
SECRET = "made-up-for-this-test"
REDIRECT = "http://127.0.0.1:8000/signed-in"
_START_SECONDS = 600.0
_PATIENCE = 90.0
"""Seconds: the first of each kind of request is slow on a busy machine."""


@dataclass(frozen=True, slots=True)
class Keycloak:
    """A running Keycloak; ``url`` is the realm's, as its tokens name it."""

    url: str

    @property
    def token_url(self) -> str:
        return f"{self.url}/protocol/openid-connect/token"

    @property
    def jwks(self) -> str:
        return f"{self.url}/protocol/openid-connect/certs"

    def client_token(self, client: str, scope: str = "", secret: str = SECRET) -> httpx.Response:
        """Client credentials."""
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        with httpx.Client(trust_env=False, timeout=_PATIENCE) as http:
            return http.post(self.token_url, data=form, auth=(client, secret))

    def sign_in(self, username: str, password: str = SECRET) -> str:
        """A person's access token, by code and PKCE, as the portal gets it."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": "linkway-portal",
            "response_type": "code",
            "scope": "openid",
            "redirect_uri": REDIRECT,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        with httpx.Client(trust_env=False, timeout=_PATIENCE) as http:
            form = http.get(f"{self.url}/protocol/openid-connect/auth", params=asked)
            (action,) = re.findall(r'action="([^"]+)"', form.text)
            # Keycloak's cookies are for https alone, save on this machine's own address.
            cookies = {cookie.name: cookie.value or "" for cookie in http.cookies.jar}
            sent = http.post(
                unescape(action),
                data={"username": username, "password": password},
                headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())},
            )
            (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
            form_sent = {
                "grant_type": "authorization_code",
                "client_id": "linkway-portal",
                "code": code,
                "redirect_uri": REDIRECT,
                "code_verifier": verifier,
            }
            token: str = http.post(self.token_url, data=form_sent).json()["access_token"]
            return token


def lacking() -> str | None:
    """Why there is no Keycloak to be had; None where there is one."""
    if not os.environ.get(WHERE):
        return f"it takes minutes: `make keycloak`, or {WHERE}=maven"
    if shutil.which("java") is None:
        return "there is no Java here"
    if os.environ[WHERE] == "maven" and shutil.which("mvn") is None:
        return "there is no Maven here to fetch Keycloak with"
    return None


@contextmanager
def running(folder: Path) -> Iterator[Keycloak]:
    """Keycloak with a copy of the realm, for the length of a block."""
    home = _distribution(folder)
    imported = home / "data/import"
    imported.mkdir(parents=True, exist_ok=True)
    shutil.copy(realm.FILE, imported / "realm.json")
    port, management = free_port(), free_port()
    command = [
        str(home / "bin/kc.sh"),
        *containers()["keycloak"]["command"],
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        f"--http-management-port={management}",
    ]
    with (folder / "keycloak.log").open("w") as log:
        process = subprocess.Popen(
            command, env=_environment(port), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(process, f"http://127.0.0.1:{management}/health/ready", folder)
            yield Keycloak(f"http://127.0.0.1:{port}/realms/linkway")
        finally:
            process.terminate()
            process.wait(60)


def _environment(port: int) -> Mapping[str, str]:
    composed = containers()["keycloak"]["environment"]
    return {
        **os.environ,
        **composed,
        **dict.fromkeys(realm.variables(), SECRET),
        "KC_HOSTNAME": f"http://127.0.0.1:{port}",
        "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m",
    }


def _wait(process: subprocess.Popen[Any], url: str, folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass  # it does not listen yet
        time.sleep(1)
    raise AssertionError((folder / "keycloak.log").read_text()[-3000:])


def _distribution(folder: Path) -> Path:
    """A distribution of this test's own: Keycloak writes into its folder."""
    if os.environ[WHERE] != "maven":
        return Path(shutil.copytree(os.environ[WHERE], folder / "keycloak"))
    kept = cache_folder() / "keycloak"
    archive = kept / f"keycloak-quarkus-dist-{VERSION}.zip"
    if not archive.exists():
        fetch = [
            *("mvn", "--batch-mode", "--quiet", "dependency:copy"),
            f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip",
            f"-DoutputDirectory={kept}",
        ]
        subprocess.run(fetch, check=True, cwd=folder)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    home = folder / f"keycloak-{VERSION}"
    (home / "bin/kc.sh").chmod(0o755)
    return home
