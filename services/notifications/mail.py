"""Sending e-mails: to organisations here, to persons for ``carrying``."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import aiosmtplib

from services.notifications.domain import Delivery, Outcome, Subscription
from services.notifications.messages import Links, mail_text

_PERMANENT = 500


class MailServer:
    """The mail server messages leave by; signs in where ``username`` is given."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        timeout: timedelta,
        starttls: bool = False,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._timeout = timeout.total_seconds()
        self._starttls = starttls
        self._username, self._password = username, password

    async def post(self, message: EmailMessage) -> Outcome:
        """One attempt, within the time limit. Never raises for what a mail server may do.

        Only the server's lasting refusal (5xx) of this recipient or message is final: one
        of our own account or sender address is put right here, and the mail then goes.
        """
        sender = message["From"].addresses[0]
        try:
            async with asyncio.timeout(self._timeout):
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    start_tls=self._starttls,
                    username=self._username,
                    password=self._password,
                    local_hostname=sender.domain,
                    timeout=self._timeout,
                )
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPSenderRefused) as error:
            return Outcome(code="mail_account_refused", status_code=error.code)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code)
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
            return _refused(error.code)
        except TimeoutError:
            return Outcome(code="timed_out")
        except (aiosmtplib.SMTPException, OSError):
            return Outcome(code="unreachable")
        return Outcome(code="delivered")


class MailSender:
    """Tells organisations by e-mail."""

    def __init__(self, server: MailServer, *, mail_from: str, links: Links) -> None:
        self._server = server
        self._from = address_of(mail_from)
        self._links = links

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt. Never raises for what a mail server may do."""
        return await self._server.post(self._compose(delivery, subscription.address))

    def _compose(self, delivery: Delivery, recipient: str) -> EmailMessage:
        """The same message at each attempt: its Message-ID tells a repeat."""
        subject, body = mail_text(delivery, self._links)
        return compose(
            delivery.id,
            sender=self._from,
            recipient=recipient,
            subject=subject,
            body=body,
            at=delivery.created_at,
        )


def address_of(written: str) -> Address:
    """A sender as settings name it: ``Linkway <no-reply@linkway.example>``."""
    name, address = parseaddr(written)
    return Address(name, addr_spec=address)


def compose(
    message_id: str, *, sender: Address, recipient: str, subject: str, body: str, at: datetime
) -> EmailMessage:
    """The same mail at each attempt: its Message-ID tells a repeat."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def _refused(code: int) -> Outcome:
    if code >= _PERMANENT:
        return Outcome(code="mail_rejected", status_code=code, final=True)
    return Outcome(code="mail_deferred", status_code=code)
