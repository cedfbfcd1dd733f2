"""What notifications does, whether asked over HTTP, told by an event, or due."""

from services.notifications.handlers.delivering import (
    deliveries_of,
    delivery_of,
    give_back,
    hold_back,
    let_next_go,
    record_attempt,
    resend,
    tell,
)
from services.notifications.handlers.ending import (
    cancel,
    disable,
)
from services.notifications.handlers.keeping import (
    carry_out_resend,
    record_challenge,
    record_notice,
)
from services.notifications.handlers.messages_back import (
    acknowledge,
    done_by_hand,
    heard_of_delivery,
    message_back_of,
    messages_back_of,
    reject,
    tell_back,
)
from services.notifications.handlers.people import person_messages_of, record_report
from services.notifications.handlers.subscribing import (
    Wish,
    challenge_again,
    confirm,
    confirm_by_link,
    enable,
    key_made_by,
    order_resend,
    rotate_secret,
    subscribe,
    subscription_of,
    subscription_of_link,
    subscriptions_of,
    unsubscribe,
)
from services.notifications.handlers.waiting import waiting_in
from services.notifications.handlers.withdrawing import withdraw_notices

__all__ = [
    "Wish",
    "acknowledge",
    "cancel",
    "carry_out_resend",
    "challenge_again",
    "confirm",
    "confirm_by_link",
    "deliveries_of",
    "delivery_of",
    "disable",
    "done_by_hand",
    "enable",
    "give_back",
    "heard_of_delivery",
    "hold_back",
    "key_made_by",
    "let_next_go",
    "message_back_of",
    "messages_back_of",
    "order_resend",
    "person_messages_of",
    "record_attempt",
    "record_challenge",
    "record_notice",
    "record_report",
    "reject",
    "resend",
    "rotate_secret",
    "subscribe",
    "subscription_of",
    "subscription_of_link",
    "subscriptions_of",
    "tell",
    "tell_back",
    "unsubscribe",
    "waiting_in",
    "withdraw_notices",
]
