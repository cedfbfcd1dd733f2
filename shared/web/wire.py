"""uvicorn's HTTP, with bounds on a request's head.

httptools, unlike h11, takes a head of any size, and uvicorn waits for the end of one for
ever: both would let anyone hold memory and connections without a token. The body's size
and time are bounded later, in ``shared.web.middleware``.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.web.problems import MEDIA_TYPE, bare_problem
from shared.web.security import security_headers

MOST_HEAD_BYTES = 32 * 1024
"""Address and headers together. A bearer token longer than 8 KiB is refused anyway."""
HEAD_SECONDS = 10.0
"""In which the head must have come, from the connection's or the request's first moment."""


class HeadTooLargeError(Exception):
    """Ends the parser's work on a head; it never leaves this module."""


class BoundedHttp(HttpToolsProtocol):
    """Refuses a head that is too large with 431 and one that is too slow with 408.

    Give it to uvicorn: ``uvicorn.run(app, http=BoundedHttp)``.
    """

    _in_body = False
    _too_large = False
    _unread = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and refuse a head that has grown too large before its end."""
        if not self._in_body:
            self._unread += len(data)
            self._await_head()
        super().data_received(data)
        if not self._in_body and self._unread > MOST_HEAD_BYTES:
            self._too_large = True
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """Let the request begin, unless its head is too large."""
        self._stop_waiting()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MOST_HEAD_BYTES:
            self._too_large = True
            raise HeadTooLargeError
        self._in_body = True
        self._unread = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes belong to another request's head."""
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or too much of it, as a problem document; then hang up."""
        del msg
        if self._too_large:
            self._refuse(431, f"Address and headers must not exceed {MOST_HEAD_BYTES} bytes.")
        else:
            self._refuse(400, "This is not a request in HTTP/1.1.")

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if self.cycle is not None and not self.cycle.response_complete:
            return  # an earlier request is still being answered; its end starts uvicorn's wait
        if self._unread:
            self._refuse(408, f"The request's head did not come within {HEAD_SECONDS:.0f} seconds.")
        else:
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        body = bare_problem(status, detail)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *security_headers(production=False),
        ]
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(line + head + b"\r\n" + body)
        self.transport.close()
