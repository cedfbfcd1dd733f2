"""What notifications keeps, one module for each collection."""

from __future__ import annotations

from dataclasses import dataclass

from services.notifications.store.deliveries import Deliveries
from services.notifications.store.erasures import Erasures
from services.notifications.store.messages_back import MessagesBack
from services.notifications.store.people import PersonMarks, PersonMessages
from services.notifications.store.subscriptions import Subscriptions, seen_by

__all__ = [
    "Deliveries",
    "Erasures",
    "MessagesBack",
    "PersonMarks",
    "PersonMessages",
    "Stores",
    "Subscriptions",
    "seen_by",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """All that notifications keeps."""

    subscriptions: Subscriptions
    deliveries: Deliveries
    messages_back: MessagesBack
    person_messages: PersonMessages
    person_marks: PersonMarks
    erasures: Erasures
