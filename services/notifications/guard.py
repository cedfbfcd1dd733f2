"""Which addresses a webhook may be sent to: https, and only to the public internet.

Without this a subscriber could have Linkway call machines behind its own firewall
(server-side request forgery, OWASP API7:2023). A name is looked up once per send, every
address it has is checked, and the message goes to a checked address, so that a name
cannot change its address between the check and the connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from shared.errors import FieldError, Invalid

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host name; raises OSError when it has none."""

_HTTPS_PORT = 443
_LOOK_UPS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="look-up")
_UNICAST = ip_network("2000::/3")
"""What of IPv6 is assigned for the public internet (IANA)."""
_NEVER = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's platform service, a public address of a private thing
        "192.0.0.0/24",  # IETF protocol assignments; Oracle Cloud's metadata is in it
        "192.88.99.0/24",  # 6to4 relays
        "3fff::/20",  # documentation (RFC 9637)
        "2001:20::/28",  # ORCHIDv2: names, not places
        "2002::/16",  # 6to4: an IPv4 address inside, any of them
        "2001::/32",  # Teredo: likewise
    )
)


class Refused(Invalid):
    """Linkway does not send to this address."""


class Unresolved(Invalid):
    """The host name has no address, at least at present."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send: the URL as subscribed, and the checked addresses of its host."""

    url: httpx.URL
    addresses: tuple[Address, ...]


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses the system's resolver knows for a host.

    In threads of its own: a look-up cannot be called off, and the event loop's few threads
    would soon all wait for the name servers of a handful of receivers that are away.
    """
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _LOOK_UPS, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    )
    return [str(address[0]) for *_, address in found]


class Guard:
    """Decides on addresses.

    ``allow_loopback`` also lets this machine through, over plain http and on any port:
    for development only.
    """

    def __init__(self, *, allow_loopback: bool, resolve: Resolve = resolve) -> None:
        self._allow_loopback = allow_loopback
        self._resolve = resolve

    async def check(self, url: str) -> Target:
        """The addresses to send to.

        Raises Refused or Unresolved, both naming ``/url`` and why.
        """
        target = _parse(url)
        host = target.raw_host.decode()
        port = target.port or (_HTTPS_PORT if target.scheme == "https" else 80)
        addresses = await self._addresses(host, port)
        if self._allow_loopback and all(address.is_loopback for address in addresses):
            return Target(target, addresses)
        if target.scheme != "https":
            raise _refused("must begin with https://")
        if port != _HTTPS_PORT:
            raise _refused("must use port 443")
        if not all(map(is_public, addresses)):
            raise _refused("must lead to a public internet address")
        return Target(target, addresses)

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        literal = _literal(host)
        if literal is not None:
            return (literal,)
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise Unresolved(
                "The webhook's host cannot be found.",
                errors=(FieldError("/url", "has a host name without an address"),),
            )
        return tuple(dict.fromkeys(ip_address(each.partition("%")[0]) for each in found))


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, by IANA's registries.

    An IPv4 address written as IPv6 counts as what it is.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None and address not in _UNICAST:
            return False
        address = address.ipv4_mapped or address
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _NEVER)
    )


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise _refused("is not a URL") from None
    if parsed.scheme not in {"https", "http"} or not parsed.raw_host:
        raise _refused("must begin with https://")
    if parsed.userinfo:
        raise _refused("must not hold a user name or password")
    return parsed.copy_with(fragment=None)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refused(reason: str) -> Refused:
    return Refused("Linkway does not send to this URL.", errors=(FieldError("/url", reason),))
