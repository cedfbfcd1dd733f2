"""What can go wrong while finding or starting a server."""

from __future__ import annotations

from shared.errors import LinkwayError


class ServerError(LinkwayError):
    """A server was not found or did not start; the sentence says what to install or give."""

    category = "server"
