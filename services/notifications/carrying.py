"""Hands one message to one person over to whoever carries its channel."""

from __future__ import annotations

from typing import get_args

from services.notifications.domain.outcomes import Outcome
from services.notifications.domain.person_messages import (
    PersonMessage,
)
from services.notifications.domain.reaching import Reach
from services.notifications.domain.sending import (
    SendCode,
    SendResult,
)
from services.notifications.mail import MailServer, address_of, compose
from services.notifications.notify import Carrier
from services.notifications.wording import Text

_CODES = frozenset(get_args(SendCode))
_UNANSWERED = frozenset({"timed_out", "unreachable"})


class Carrying:
    """Text messages and letters by ``notify``, e-mails by the mail server.

    ``mail_from`` and ``neutral_from`` are the senders an e-mail shows; the second says
    nothing of who is behind it.
    """

    def __init__(
        self, *, notify: Carrier | None, server: MailServer, mail_from: str, neutral_from: str
    ) -> None:
        self._notify = notify
        self._server = server
        self._from, self._neutral_from = address_of(mail_from), address_of(neutral_from)

    @property
    def notify(self) -> Carrier | None:
        """Who carries text messages and letters, where anyone does."""
        return self._notify

    async def send(
        self, message: PersonMessage, reach: Reach, text: Text, *, neutral: bool
    ) -> SendResult:
        """One attempt. Never raises for what the other side may do."""
        reference = reference_of(message)
        if reach.channel == "email":
            mail = compose(
                message.id,
                sender=self._neutral_from if neutral else self._from,
                recipient=reach.address,
                subject=text.subject,
                body=text.body + "\n",
                at=message.created_at,
            )
            return _of_mail(await self._server.post(mail))
        if self._notify is None:
            return SendResult(code="not_sent", final=True)
        if reach.channel == "sms":
            return await self._notify.send_sms(
                reach.address, text.body, reference=reference, neutral=neutral
            )
        lines = [line for part in reach.address.splitlines() if (line := part.strip(" ,"))]
        return await self._notify.send_letter(lines, text.subject, text.body, reference=reference)


def reference_of(message: PersonMessage) -> str:
    """What the carrier knows the message by, and gives back when it tells how it went."""
    return f"{message.tenant}/{message.id}"


def read_reference(reference: str) -> tuple[str, str] | None:
    """Tenant and id of the message; None for a reference that is none of ours."""
    tenant, _, message_id = reference.rpartition("/")
    return (tenant, message_id) if tenant and message_id else None


def _of_mail(outcome: Outcome) -> SendResult:
    code: SendCode = "not_sent"
    if outcome.delivered:
        code = "accepted"
    elif outcome.code in _CODES:
        code = outcome.code  # type: ignore[assignment]  # narrowed by the line above
    return SendResult(
        code=code,
        status_code=outcome.status_code,
        final=outcome.final,
        answered=outcome.code not in _UNANSWERED,
    )
