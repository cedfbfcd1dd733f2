"""The headers that every answer carries for the browser that may show it.

They follow the OWASP Secure Headers Project (owasp.org/www-project-secure-headers): an API's
answer is to be read by a program and by nothing else, so nothing in it may load, frame or
be framed. A route that needs another rule states that header itself, and its own word
stands: a page its content policy, a public feed that any site may read
``Access-Control-Allow-Origin`` and ``Cross-Origin-Resource-Policy``. Nothing else answers
to another origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Header = tuple[bytes, bytes]

_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_IN_PRODUCTION: Header = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""A year (RFC 6797 §6.1.1). Where a proxy ends TLS it passes this on."""


def security_headers(*, production: bool) -> tuple[Header, ...]:
    """The headers of every answer; in production also that only https may be used."""
    return (*_ALWAYS, _IN_PRODUCTION) if production else _ALWAYS


def completed(given: Iterable[Header], ours: Sequence[Header]) -> list[Header]:
    """``given`` and those of ``ours`` that it does not state itself."""
    stated = list(given)
    names = {name for name, _ in stated}
    stated.extend([header for header in ours if header[0] not in names])
    return stated
