"""GOV.UK Notify's client against a stand-in of its API: a real HTTP exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.console.notify_standin import NotifyStandIn, notify_standin
from services.notifications.notify import GovUkNotify, NotifyAway


def client(standin: NotifyStandIn, *, api_key: str = "", base_url: str = "") -> GovUkNotify:
    return GovUkNotify(
        api_key=api_key or standin.api_key,
        base_url=base_url or standin.url,
        timeout=timedelta(seconds=5),
        sms_template_id="template-sms",
        letter_template_id="template-letter",
        neutral_sender_id="sender-neutral",
    )


@pytest.fixture
async def standin() -> AsyncIterator[NotifyStandIn]:
    async with notify_standin() as started:
        yield started


async def test_a_text_message_is_handed_over_under_our_reference(standin: NotifyStandIn) -> None:
    notify = client(standin)

    result = await notify.send_sms("07700 900123", "Hello.", reference="ref-1", neutral=False)

    (taken,) = standin.taken
    assert (result.code, result.provider_id) == ("accepted", taken.id)
    assert (taken.kind, taken.to, taken.template_id) == ("sms", "07700 900123", "template-sms")
    assert (taken.fields, taken.reference, taken.sender_id) == ({"body": "Hello."}, "ref-1", None)


async def test_a_neutral_message_has_a_sender_that_says_nothing(standin: NotifyStandIn) -> None:
    await client(standin).send_sms("07700 900123", "Hello.", reference="ref-1", neutral=True)

    assert standin.taken[0].sender_id == "sender-neutral"


async def test_a_letter_keeps_seven_lines_and_the_postcode_last(standin: NotifyStandIn) -> None:
    lines = ["A Person", "1", "2", "3", "4", "5", "6", "ZZ1 1ZZ"]

    await client(standin).send_letter(lines, "Heading", "Text.", reference="ref-1")

    fields = standin.taken[0].fields
    assert fields["address_line_6"] == "5"
    assert fields["address_line_7"] == "ZZ1 1ZZ"
    assert "address_line_8" not in fields
    assert (fields["subject"], fields["body"]) == ("Heading", "Text.")


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [
        (400, "refused", True),
        (403, "account_refused", False),
        (429, "busy", False),
        (500, "failing", False),
        (503, "failing", False),
    ],
)
async def test_what_notify_answers_decides_whether_to_try_again(
    standin: NotifyStandIn, status: int, code: str, *, final: bool
) -> None:
    standin.failures.append(status)

    result = await client(standin).send_sms(
        "07700 900123", "Hello.", reference="ref-1", neutral=False
    )

    assert (result.code, result.status_code, result.final) == (code, status, final)
    assert standin.taken == []


async def test_a_message_whose_answer_was_lost_is_found_by_our_reference(
    standin: NotifyStandIn,
) -> None:
    notify = client(standin)
    sent = await notify.send_sms("07700 900123", "Hello.", reference="ref-1", neutral=False)

    assert await notify.find("ref-1") == sent.provider_id
    assert await notify.find("ref-2") is None


@pytest.mark.parametrize(
    ("status", "report"),
    [
        ("delivered", "delivered"),
        ("received", "delivered"),
        ("permanent-failure", "not_there"),
        ("temporary-failure", "not_reached"),
        ("technical-failure", "fault"),
        ("sending", "on_its_way"),
    ],
)
async def test_how_it_went_is_asked_for_later(
    standin: NotifyStandIn, status: str, report: str
) -> None:
    notify = client(standin)
    sent = await notify.send_sms("07700 900123", "Hello.", reference="ref-1", neutral=False)
    standin.status = status

    assert await notify.report(sent.provider_id or "") == report


async def test_a_key_that_is_not_ours_is_refused(standin: NotifyStandIn) -> None:
    wrong = standin.api_key[:-4] + "0000"

    result = await client(standin, api_key=wrong).send_sms(
        "07700 900123", "Hello.", reference="ref-1", neutral=False
    )

    assert result.code == "account_refused"


async def test_notify_away_is_said_so(standin: NotifyStandIn) -> None:
    with pytest.raises(NotifyAway):
        await client(standin, base_url="http://127.0.0.1:1").find("ref-1")
