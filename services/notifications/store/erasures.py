"""Which erasures notifications has applied."""

from __future__ import annotations

from shared.events import NotificationsErasureApplied
from shared.store.erasures import AppliedErasures


class Erasures(AppliedErasures):
    """One document per erasure."""

    source = "/linkway/notifications"
    fact = NotificationsErasureApplied
