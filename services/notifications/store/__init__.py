"""What notifications keeps, one module for each collection."""

from __future__ import annotations

from dataclasses import dataclass

from services.notifications.store.deliveries import Deliveries
from services.notifications.store.subscriptions import Subscriptions

__all__ = ["Deliveries", "Stores", "Subscriptions"]


@dataclass(frozen=True, slots=True)
class Stores:
    """All that notifications keeps."""

    subscriptions: Subscriptions
    deliveries: Deliveries
