"""Text messages and letters through GOV.UK Notify, by its own client library.

One Notify template for each channel passes our text on: a text message of ``((body))``, a
letter with the heading ``((subject))`` and the content ``((body))``. The words and their
versions stay here (``wording``), under the same rules as an e-mail's.

The library blocks, so each call runs in a thread. Notify has no idempotency key: our
``reference`` is given with each message, and found again where an answer was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol

import requests
from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient

from services.notifications.domain.sending import (
    ReportCode,
    SendResult,
)
from shared.errors import Unavailable

# It logs what Notify answers to a refused request, and that may show to whom it was.
logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL)

_Call = Callable[[NotificationsAPIClient], Mapping[str, Any]]

_ADDRESS_LINES = 7
"""A Notify letter's; the last is the postcode."""

_REPORTS: Mapping[str, ReportCode] = {
    "delivered": "delivered",
    "received": "delivered",
    "permanent-failure": "not_there",
    "temporary-failure": "not_reached",
    "technical-failure": "fault",
    "validation-failed": "not_there",
    "virus-scan-failed": "fault",
    "cancelled": "fault",
    "error": "fault",
}
"""Notify's words for how a message went; any other means that it is on its way.

Source: GOV.UK Notify's REST API documentation, "Status - email / text message / letter".
"""


class NotifyAway(Unavailable):
    """GOV.UK Notify did not answer a question; ask again later."""


class Carrier(Protocol):
    """Carries text messages and letters. Never raises for what the other side may do."""

    async def send_sms(
        self, number: str, body: str, *, reference: str, neutral: bool
    ) -> SendResult:
        """Hand a text message over."""

    async def send_letter(
        self, lines: Sequence[str], subject: str, body: str, *, reference: str
    ) -> SendResult:
        """Hand a letter over, to be printed and posted."""

    async def find(self, reference: str) -> str | None:
        """The carrier's id of a message it took under this reference. Raises NotifyAway."""

    async def report(self, provider_id: str) -> ReportCode:
        """How a message went, or that it is on its way. Raises NotifyAway."""


def read_report(status: str) -> ReportCode:
    """Notify's word for how a message went, in ours."""
    return _REPORTS.get(status, "on_its_way")


class GovUkNotify:
    """The adapter. ``neutral_sender_id`` names a text message sender that says nothing."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        timeout: timedelta,
        sms_template_id: str,
        letter_template_id: str,
        neutral_sender_id: str | None = None,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._timeout = timeout.total_seconds()
        self._sms, self._letter = sms_template_id, letter_template_id
        self._neutral_sender_id = neutral_sender_id

    async def send_sms(
        self, number: str, body: str, *, reference: str, neutral: bool
    ) -> SendResult:
        """Hand a text message over."""
        return await self._hand_over(
            lambda client: client.send_sms_notification(
                phone_number=number,
                template_id=self._sms,
                personalisation={"body": body},
                reference=reference,
                sms_sender_id=self._neutral_sender_id if neutral else None,
            )
        )

    async def send_letter(
        self, lines: Sequence[str], subject: str, body: str, *, reference: str
    ) -> SendResult:
        """Hand a letter over, to be printed and posted."""
        kept = [*lines[: _ADDRESS_LINES - 1], *lines[_ADDRESS_LINES - 1 :][-1:]]
        address = {f"address_line_{n}": line for n, line in enumerate(kept, start=1)}
        return await self._hand_over(
            lambda client: client.send_letter_notification(
                template_id=self._letter,
                personalisation={**address, "subject": subject, "body": body},
                reference=reference,
            )
        )

    async def find(self, reference: str) -> str | None:
        """The id of a message Notify took under this reference. Raises NotifyAway."""
        answer = await self._ask(lambda client: client.get_all_notifications(reference=reference))
        for each in answer.get("notifications", ()):
            if each.get("reference") == reference:
                return str(each["id"])
        return None

    async def report(self, provider_id: str) -> ReportCode:
        """How a message went, or that it is on its way. Raises NotifyAway."""
        answer = await self._ask(lambda client: client.get_notification_by_id(provider_id))
        return read_report(str(answer.get("status")))

    async def _hand_over(self, call: _Call) -> SendResult:
        try:
            answer = await asyncio.to_thread(self._with_client, call)
        except APIError as error:
            return _failed(error)
        return SendResult(
            code="accepted", provider_id=str(answer["id"]), status_code=HTTPStatus.CREATED
        )

    async def _ask(self, call: _Call) -> Mapping[str, Any]:
        try:
            return await asyncio.to_thread(self._with_client, call)
        except APIError as error:
            raise NotifyAway(
                "GOV.UK Notify did not answer.", {"provider_status": error.status_code}
            ) from None

    def _with_client(self, call: _Call) -> Mapping[str, Any]:
        """A client for each call: the library's is not safe in several threads."""
        client = NotificationsAPIClient(
            self._api_key, base_url=self._base_url, timeout=self._timeout
        )
        client.request_session.trust_env = False
        with client.request_session:
            return call(client)


def _failed(error: APIError) -> SendResult:
    """What an error means for this message.

    A refusal (400) is of this number, address or text: this way is closed. One of our own
    account is put right here, and the message then goes.
    """
    if error.response is None:
        timed_out = isinstance(error.__cause__, requests.Timeout)
        return SendResult(code="timed_out" if timed_out else "unreachable", answered=False)
    status = error.status_code
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return SendResult(code="account_refused", status_code=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return SendResult(code="busy", status_code=status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A gateway's answer does not say whether what is behind it took the message.
        return SendResult(code="failing", status_code=status, answered=False)
    return SendResult(code="refused", status_code=status, final=True)
