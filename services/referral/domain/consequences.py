"""What follows from every change of a referral, whoever made it.

Closing is proposed where someone keeps not coming or cannot be reached (a person
confirms or goes on), and the clocks are set anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.referral.domain import clocks, worklist
from services.referral.domain.clocks import MEETING
from services.referral.domain.contacts import check_uncontactable, is_uncontactable
from services.referral.domain.lifecycle import Status
from services.referral.domain.referral import Changed, Referral, fact
from services.referral.domain.rules import Rules
from shared.cause import Cause
from shared.errors import Conflict
from shared.events import Event, ReferralClosureProposed


def follow(
    before: Referral | None, after: Referral, events: Sequence[Event], cause: Cause, rules: Rules
) -> Changed:
    """The referral and its facts, with what follows from the change.

    Raises Invalid where someone is called uncontactable before enough was tried.
    """
    if before is not None:
        if _ends_as(before, after, "uncontactable"):
            check_uncontactable(before, rules)
        after, proposed = _propose(before, after, cause, rules)
        events = [*events, *proposed]
    wound = clocks.wind(before, after, cause.at, rules)
    return worklist.mark(wound, rules), events


def go_on(referral: Referral, cause: Cause) -> Changed:
    """Someone looked at what was proposed, or flagged, and the referral stays as it is.

    Raises Conflict where nothing was.
    """
    del cause
    if referral.closure_proposed is None and referral.attention is None:
        raise Conflict(
            "Nothing was proposed that you could set aside.",
            {"current_status": referral.status.value, "allowed": []},
        )
    return referral.model_copy(update={"closure_proposed": None, "attention": None}), []


def _propose(before: Referral, after: Referral, cause: Cause, rules: Rules) -> Changed:
    if after.status not in MEETING or _reached_more(before, after):
        return after.model_copy(update={"closure_proposed": None}), []
    reason: Literal["did_not_attend", "uncontactable"]
    if _missed(after) > _missed(before) and _missed(after) >= rules.dna_limit:
        reason = "did_not_attend"
    elif len(after.contacts) > len(before.contacts) and is_uncontactable(after, rules):
        reason = "uncontactable"
    else:
        return after, []
    if after.closure_proposed == reason:
        return after, []
    proposed = after.model_copy(update={"closure_proposed": reason})
    return proposed, [fact(ReferralClosureProposed, proposed, cause, reason_code=reason)]


def _missed(referral: Referral) -> int:
    return sum(each.status == "noshow" for each in referral.appointments)


def _reached_more(before: Referral, after: Referral) -> bool:
    def reached(referral: Referral) -> int:
        came = sum(each.status == "fulfilled" for each in referral.appointments)
        return came + sum(each.outcome_code == "reached" for each in referral.contacts)

    return reached(after) > reached(before)


def _ends_as(before: Referral, after: Referral, reason_code: str) -> bool:
    ended = after.status is Status.NOT_COMPLETED and before.status is not after.status
    return ended and after.reason_code == reason_code
