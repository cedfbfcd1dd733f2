"""Sending a delivery as an e-mail."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import aiosmtplib

from services.notifications.domain import Delivery, Outcome, Subscription
from services.notifications.messages import Links, mail_text

_PERMANENT = 500


class MailSender:
    """Sends e-mails through one mail server; signs in where ``username`` is given."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        mail_from: str,
        links: Links,
        timeout: timedelta,
        starttls: bool = False,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self._host, self._port = host, port
        name, address = parseaddr(mail_from)
        self._from = Address(name, addr_spec=address)
        self._links = links
        self._timeout = timeout.total_seconds()
        self._starttls = starttls
        self._username, self._password = username, password

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt, within the time limit. Never raises for what a mail server may do.

        Only the server's lasting refusal (5xx) of this recipient or message is final: one
        of our own account or sender address is put right here, and the mail then goes.
        """
        message = self._compose(delivery, subscription.address)
        try:
            async with asyncio.timeout(self._timeout):
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    start_tls=self._starttls,
                    username=self._username,
                    password=self._password,
                    local_hostname=self._from.domain,
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

    def _compose(self, delivery: Delivery, recipient: str) -> EmailMessage:
        """The same message at each attempt: its Message-ID tells a repeat."""
        subject, body = mail_text(delivery, self._links)
        message = EmailMessage(policy=SMTP)
        message["From"] = self._from
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = subject
        message["Date"] = format_datetime(delivery.created_at)
        message["Message-ID"] = f"<{delivery.id}@{self._from.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        return message


def _refused(code: int) -> Outcome:
    if code >= _PERMANENT:
        return Outcome(code="mail_rejected", status_code=code, final=True)
    return Outcome(code="mail_deferred", status_code=code)
