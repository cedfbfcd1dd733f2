"""Real receivers on this machine: an HTTP server and a mail server that note what they get."""

import asyncio
import json
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from shared.testing import eventually, free_port

Scope = MutableMapping[str, Any]

_CODE = re.compile(r"this code where the subscription was made:\s+(\S+)")


@dataclass(frozen=True)
class Answer:
    """What the receiver says to one request, after ``wait`` seconds."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    body: bytes = b""


@dataclass(frozen=True)
class Taken:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebReceiver:
    """Gives ``answers`` one by one, then ``otherwise``; keeps what was ``taken``.

    A challenge it gives back while ``confirms``, and keeps apart, so that tests count messages.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.confirms = True
        self.challenges: list[Taken] = []
        self.answers: deque[Answer] = deque()
        self.otherwise = Answer()
        self.by_path: dict[str, Answer] = {}
        self.taken: list[Taken] = []
        self.at_once = 0
        self.most_at_once = 0

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.taken]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._answer(scope, receive, send)
        finally:
            self.at_once -= 1

    async def _answer(self, scope: Scope, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        taken = Taken(scope["path"], headers, body.decode())
        challenge = _challenge_in(taken)
        if challenge is not None and self.confirms:
            self.challenges.append(taken)
            answer = Answer(200, body=json.dumps({"challenge": challenge}).encode())
        else:
            (self.taken if challenge is None else self.challenges).append(taken)
            answer = self._answer_to(taken)
        await asyncio.sleep(answer.wait)
        named = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": named})
        await send({"type": "http.response.body", "body": answer.body})

    def _answer_to(self, taken: Taken) -> Answer:
        if taken.path in self.by_path:
            return self.by_path[taken.path]
        return self.answers.popleft() if self.answers else self.otherwise


def _challenge_in(taken: Taken) -> str | None:
    try:
        message = taken.json
        asks = message["type"] == "subscription-challenge"
    except (ValueError, KeyError, TypeError):
        return None
    return str(message["data"]["challenge"]) if asks else None


@asynccontextmanager
async def web_receiver(
    *, certificate: tuple[str, str] | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[WebReceiver]:
    """An HTTP server; with a certificate and key file an HTTPS one."""
    port = free_port()
    receiver = WebReceiver(f"{'https' if certificate else 'http'}://{host}:{port}/hook")
    cert, key = certificate or (None, None)
    config = uvicorn.Config(
        receiver,
        host="127.0.0.1",
        port=port,
        lifespan="off",
        log_config=None,
        ssl_certfile=cert,
        ssl_keyfile=key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task


class MailReceiver:
    """Keeps the mail that was taken; ``rcpt`` and ``data`` are what it says first, if any.

    ``confirmations`` are kept apart: mails that ask whether an address is the right one.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[EmailMessage] = []
        self.confirmations: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.rcpt: deque[str] = deque()
        self.data: deque[str] = deque()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.rcpt:
            return self.rcpt.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        if self.data:
            return self.data.popleft()
        if _CODE.search(parsed.get_content()):
            self.confirmations.append(parsed)
            return "250 OK"
        self.mails.append(parsed)
        self.recipients.append([str(each) for each in envelope.rcpt_tos])
        return "250 OK"

    def code_for(self, address: str) -> str | None:
        """The code in the last confirmation mail to this address, if one has come."""
        for mail in reversed(self.confirmations):
            found = _CODE.search(mail.get_content())
            if mail["to"] == address and found:
                return found[1]
        return None


@asynccontextmanager
async def mail_receiver(
    *, authenticator: Callable[..., AuthResult] | None = None
) -> AsyncIterator[MailReceiver]:
    """A mail server; with an authenticator it offers AUTH."""
    loop = asyncio.get_running_loop()
    receiver = MailReceiver(free_port())

    def protocol() -> SMTP:
        return SMTP(
            receiver,
            loop=loop,
            hostname="mail.example.org",
            authenticator=authenticator,
            auth_require_tls=authenticator is None,
        )

    server = await loop.create_server(protocol, "127.0.0.1", receiver.port)
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
