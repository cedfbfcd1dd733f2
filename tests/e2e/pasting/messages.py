"""Who is told what: subscriptions, messages back to a practice, texts, and Notify's receipts."""

from __future__ import annotations

from functools import partial
from typing import Any

from shared.testing import eventually
from tests.e2e.pasting.docs import GROUP, PRACTICE, TEAM, Docs, walk

NOTIFY_TOKEN = "agreed-with-notify"
_NOBODY_LISTENS = "http://127.0.0.1:9/linkway"


@walk(
    notifications="""
        POST /subscriptions
        POST /subscriptions/{subscription_id}/confirm
        POST /subscriptions/{subscription_id}/resend
    """
)
async def an_organisation_subscribes_by_webhook_and_by_mail(docs: Docs) -> None:
    """The mailbox is confirmed by the code that came to it."""
    subscribe = partial(docs.paste, GROUP, "notifications", "/subscriptions")
    await subscribe(named="webhook", put_in={"url": _NOBODY_LISTENS})
    made = await subscribe(named="email")
    address = docs.example("notifications", "post", "/subscriptions", "email")["email"]
    code = await eventually(lambda: docs.mail.code_for(address), within=20)
    own = partial(docs.paste, GROUP, "notifications", subscription_id=made["id"])
    path = "/subscriptions/{subscription_id}"
    confirmed = await own(path=f"{path}/confirm", put_in={"challenge": code})
    assert confirmed["status"] == "active"
    await own(path=f"{path}/resend")


@walk(
    referral="""
        POST /referrals
        POST /referrals/{referral_id}/accept
        POST /referrals/{referral_id}/not-complete
    """,
    notifications="""
        POST /messages-back/{return_id}/reject
        POST /messages-back/{return_id}/done-by-hand
    """,
)
async def a_practice_rejects_a_message_and_is_told_by_hand(docs: Docs) -> None:
    """The message that its own referral did not come to its end."""
    case = await docs.accepted_case("Returned")
    path = "/referrals/{referral_id}/not-complete"
    await docs.paste(TEAM, "referral", path, referral_id=case)

    async def message() -> Any:
        listed = await docs.read(PRACTICE, "notifications", "/messages-back")
        return next((each for each in listed["items"] if each["case_id"] == case), None)

    told = (await eventually(message, within=20))["id"]
    path = "/messages-back/{return_id}"
    await docs.paste(PRACTICE, "notifications", f"{path}/reject", return_id=told)
    done = await docs.paste(TEAM, "notifications", f"{path}/done-by-hand", return_id=told)
    assert done["status"] == "by_hand"


@walk(
    notifications="""
        POST /templates/{name}/preview
        POST /notify-callbacks
    """
)
async def texts_are_previewed_and_receipts_taken(docs: Docs) -> None:
    """Each text is filled; a receipt of no message of ours is let be, as it is documented."""
    templates = (await docs.read(TEAM, "notifications", "/templates"))["items"]
    assert templates
    for each in templates:
        shown = await docs.paste(
            TEAM, "notifications", "/templates/{name}/preview", name=each["name"]
        )
        assert shown
    await docs.paste(NOTIFY_TOKEN, "notifications", "/notify-callbacks")
