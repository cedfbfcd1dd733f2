"""Who is told: a webhook receiver that checks signatures, and a mail server. Both keep ids only."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.console.serving import serving_on

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

_PATH = "/hooks/"
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^@>\s]+)@", re.IGNORECASE | re.MULTILINE)
_CODE = re.compile(r"this code where the subscription was made:\s+(\S+)")
_OK = 200
_PATIENCE = 5.0
"""Seconds a challenge may wait for the secret that checks it: that comes in another answer."""


class WebhookReceiver:
    """Takes webhooks of all organisations, each signed with its own secret.

    ``verified`` holds the ids of the messages whose signature was good, ``refused`` counts
    requests whose was not, ``again`` those that brought a message a second time.
    """

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}{_PATH}"
        self._secrets: dict[str, Webhook] = {}
        self._known: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.verified: set[str] = set()
        self.refused = 0
        self.again = 0

    def url(self, organisation: str) -> str:
        """Where this organisation's webhooks are to go."""
        return self._base + organisation

    def expect(self, organisation: str, secret: str) -> None:
        """From now on check this organisation's webhooks with this secret."""
        path = _PATH + organisation
        self._secrets[path] = Webhook(secret)
        self._known[path].set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """ASGI: 204 where the signature is good, else 401; a challenge is given back."""
        body, more = b"", True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        challenge = _challenge_in(body)
        if challenge is not None:
            given = await self._confirm(scope["path"], headers, body)
            status, answer = _OK if given else 401, json.dumps({"challenge": challenge}).encode()
        else:
            status, answer = 204 if self._take(scope["path"], headers, body) else 401, b""
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": answer if status == _OK else b""})

    async def _confirm(self, path: str, headers: dict[str, str], body: bytes) -> bool:
        """Whether a challenge is for one of ours and well signed; not counted as a message."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._known[path].wait()
        webhook = self._secrets.get(path)
        return webhook is not None and _is_signed(webhook, headers, body)

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> bool:
        webhook = self._secrets.get(path)
        if webhook is None or not _is_signed(webhook, headers, body):
            self.refused += 1
            return False
        message = headers["webhook-id"]
        self.again += message in self.verified
        self.verified.add(message)
        return True


def _challenge_in(body: bytes) -> str | None:
    """What a message asks to be given back, if it is a challenge."""
    try:
        message = json.loads(body)
    except ValueError:
        return None
    if not isinstance(message, dict) or message.get("type") != "subscription-challenge":
        return None
    return str(message["data"]["challenge"])


def _is_signed(webhook: Webhook, headers: dict[str, str], body: bytes) -> bool:
    try:
        webhook.verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


class MailReceiver:
    """A mail server that keeps the ids of the messages it takes, and lets none go further.

    A mail that asks to confirm an address is not counted as a message; its code is kept.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: set[str] = set()
        self._codes: dict[str, str] = {}
        self._asked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def code_for(self, address: str) -> str:
        """The code that this address was mailed, once it has come."""
        await self._asked[address].wait()
        return self._codes[address]

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Note the id of a message."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        found = _MESSAGE_ID.search(raw)
        if found is None:
            return "554 A message needs a Message-ID"
        code = _code_in(raw)
        if code is None:
            self.taken.add(found[1].decode())
        else:
            for address in map(str, envelope.rcpt_tos):
                self._codes[address] = code
                self._asked[address].set()
        return "250 Taken"


def _code_in(raw: bytes) -> str | None:
    """The code of a mail that asks to confirm an address."""
    mail = message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(("plain",))
    found = _CODE.search(body.get_content()) if body else None
    return found[1] if found else None


@asynccontextmanager
async def webhook_receiver() -> AsyncIterator[WebhookReceiver]:
    """The receiver on a free port of 127.0.0.1, for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = WebhookReceiver(listening.getsockname()[1])
        config = uvicorn.Config(
            receiver,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        async with serving_on(config, listening):
            yield receiver


@asynccontextmanager
async def mail_receiver() -> AsyncIterator[MailReceiver]:
    """The mail server on a free port of 127.0.0.1, for the length of a block."""
    from aiosmtpd.smtp import SMTP

    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = MailReceiver(listening.getsockname()[1])
        server = await loop.create_server(
            lambda: SMTP(receiver, loop=loop, hostname="mail.example"), sock=listening
        )
        try:
            yield receiver
        finally:
            server.close()
            await server.wait_closed()
