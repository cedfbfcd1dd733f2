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
from services.notifications.messages import Links, link_text, link_wanted, mail_text
from services.notifications.owners import LinkOwners, OwnerAway
from shared.errors import NotFound

_PERMANENT = 500
_CONNECTIONS = 40
"""At once: mail servers take fifty of one client (Postfix, smtpd_client_connection_count_limit)."""


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
        self._room = asyncio.Semaphore(_CONNECTIONS)

    async def post(self, message: EmailMessage) -> Outcome:
        """One attempt, within the time limit, which waiting for a free connection is part of.

        Never raises for what a mail server may do.

        Only the server's lasting refusal (5xx) of this recipient or message is final: one
        of our own account or sender address is put right here, and the mail then goes.
        """
        sender = message["From"].addresses[0]
        try:
            async with asyncio.timeout(self._timeout), self._room:
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
    """Tells organisations by e-mail. ``owners`` hand out links to answer by, if there are any."""

    def __init__(
        self,
        server: MailServer,
        *,
        mail_from: str,
        links: Links,
        owners: LinkOwners | None = None,
    ) -> None:
        self._server = server
        self._from = address_of(mail_from)
        self._links = links
        self._owners = owners

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt. Never raises for what a mail server or an owner may do.

        A mail that is to carry a link never goes without one: it waits for the link's owner,
        or is not needed any more.
        """
        try:
            action = await self._action(delivery)
        except OwnerAway:
            return Outcome(code="owner_away")
        except NotFound:
            return Outcome(code="not_needed", final=True)
        return await self._server.post(self._compose(delivery, subscription.address, action))

    async def _action(self, delivery: Delivery) -> str:
        """What the mail says of its link, fetched anew at each attempt; nothing without one."""
        kind = link_wanted(delivery)
        if self._owners is None or kind is None:
            return ""
        ask = self._owners.answer_link if kind == "answer" else self._owners.confirm_link
        link = await ask(delivery.about.subject, delivery.tenant)
        return link_text(kind, link.url, link.expires_at)

    def _compose(self, delivery: Delivery, recipient: str, action: str) -> EmailMessage:
        subject, body = mail_text(delivery, self._links, action=action)
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
