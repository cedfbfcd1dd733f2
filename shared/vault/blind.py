"""Looking something up without keeping it: a keyed index (HMAC-SHA-256, RFC 2104).

The same value gives the same mark, and without the key a mark cannot be tried out, which
matters for values as few as NHS numbers. The key is not the master key and does not change
with it: another index key makes every mark another.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode


class BlindIndex:
    """Marks of values; each tenant and purpose has its own, so that none can be compared."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._keyed: dict[tuple[str, str], hmac.HMAC] = {}

    def mark(self, purpose: str, tenant: str, value: str) -> str:
        """The mark of a value: 43 characters."""
        made = self._of(purpose, tenant).copy()
        made.update(value.encode())
        return urlsafe_b64encode(made.digest()).decode().rstrip("=")

    def _of(self, purpose: str, tenant: str) -> hmac.HMAC:
        known = self._keyed.get((purpose, tenant))
        if known is None:
            own = hmac.digest(self._key, f"{purpose}\x1f{tenant}".encode(), hashlib.sha256)
            known = self._keyed[(purpose, tenant)] = hmac.new(own, digestmod=hashlib.sha256)
        return known
