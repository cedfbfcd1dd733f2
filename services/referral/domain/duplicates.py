"""Whether a new referral repeats an earlier one, and which earlier case it takes up again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.referral.domain.lifecycle import Status
from services.referral.domain.referral import Referral
from shared.errors import Conflict

_NEVER_WAS = frozenset({Status.DRAFT, Status.ENTERED_IN_ERROR})


def check_not_repeated(
    referral: Referral, earlier: Iterable[Referral], at: datetime, days: int
) -> None:
    """Raise Conflict with the ``referral_id`` of a like one that ended in the last ``days``.

    Like means the same person and service. One that is still open is refused by the store,
    where two made at the same moment meet. Giving a reason overrides this rule, not that.
    """
    if referral.kind == "signpost" or referral.override_reason is not None:
        return
    for each in earlier:
        like = each.service_id == referral.service_id and each.kind == referral.kind
        if (
            like
            and each.id != referral.id
            and each.status not in _NEVER_WAS
            and not _merged_away(each)
            and each.ended_at is not None
            and at - each.ended_at <= timedelta(days=days)
        ):
            raise Conflict(
                f"A like referral ended in the last {days} days; say in override_reason why "
                "to refer again.",
                {"referral_id": each.id, "current_status": each.status.value},
            )


def _merged_away(referral: Referral) -> bool:
    """Whether it was withdrawn for another of the same person, found when records were merged."""
    return referral.status is Status.WITHDRAWN and referral.reason_code == "duplicate"


def earlier_case(referral: Referral, earlier: Iterable[Referral]) -> str | None:
    """The person's latest case that ended; ``earlier`` come newest first."""
    return next(
        (
            each.id
            for each in earlier
            if each.kind == "intake"
            and each.id != referral.id
            and each.ended_at is not None
            and each.status not in _NEVER_WAS
        ),
        None,
    )
