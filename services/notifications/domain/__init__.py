"""The rules of notifications: pure, no framework."""

from services.notifications.domain.confirming import (
    challenge_again,
    confirm,
    new_challenge,
    record_challenge,
)
from services.notifications.domain.deliveries import (
    About,
    Attempt,
    Delivery,
    DeliveryStatus,
    cancel,
    check_listening,
    delivery_of,
    hold,
    let_go,
    record_attempt,
    resend,
    schedule_ended,
)
from services.notifications.domain.event_types import (
    ALWAYS_TOLD,
    EVENT_TYPES,
    TOLD_EVENTS,
)
from services.notifications.domain.notices import (
    record_notice,
)
from services.notifications.domain.outcomes import (
    Outcome,
    OutcomeCode,
    RetryPolicy,
)
from services.notifications.domain.resending import (
    RESEND_DEFAULT,
    RESEND_WINDOW,
    order_resend,
    record_resend,
)
from services.notifications.domain.signing_keys import (
    Signature,
    SigningKey,
    in_force,
)
from services.notifications.domain.subscriptions import (
    SUBSCRIPTION_LIMIT,
    Challenge,
    DisabledReason,
    Notice,
    Resend,
    ResendStatus,
    Subscription,
    SubscriptionStatus,
    check_room,
    disable,
    enable,
    hears,
    rotate_key,
    subscribe,
)

__all__ = [
    "ALWAYS_TOLD",
    "EVENT_TYPES",
    "RESEND_DEFAULT",
    "RESEND_WINDOW",
    "SUBSCRIPTION_LIMIT",
    "TOLD_EVENTS",
    "About",
    "Attempt",
    "Challenge",
    "Delivery",
    "DeliveryStatus",
    "DisabledReason",
    "Notice",
    "Outcome",
    "OutcomeCode",
    "Resend",
    "ResendStatus",
    "RetryPolicy",
    "Signature",
    "SigningKey",
    "Subscription",
    "SubscriptionStatus",
    "cancel",
    "challenge_again",
    "check_listening",
    "check_room",
    "confirm",
    "delivery_of",
    "disable",
    "enable",
    "hears",
    "hold",
    "in_force",
    "let_go",
    "new_challenge",
    "order_resend",
    "record_attempt",
    "record_challenge",
    "record_notice",
    "record_resend",
    "resend",
    "rotate_key",
    "schedule_ended",
    "subscribe",
]
