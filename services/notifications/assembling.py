"""Parts made from settings: the mail server, the owners' APIs, and who tells persons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from services.notifications.carrying import Carrying
from services.notifications.mail import MailServer
from services.notifications.notify import GovUkNotify
from services.notifications.owners import Owners
from services.notifications.people_worker import PeopleWorker
from services.notifications.settings import Settings
from services.notifications.store import Stores
from services.notifications.wording import wording

_RECORDING = timedelta(seconds=15)


def mail_server(settings: Settings) -> MailServer:
    """The mail server all e-mails leave by."""
    password = settings.smtp_password
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        timeout=timedelta(seconds=settings.smtp_timeout_seconds),
        starttls=settings.smtp_starttls,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
    )


def owners_of(settings: Settings) -> Owners | None:
    """The owners' APIs; None where there is no token to ask them with."""
    if settings.token_url is None or settings.client_secret is None:
        return None
    return Owners(
        token_url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        referral_url=settings.referral_url or settings.referral_base_url,
        directory_url=settings.directory_url or settings.directory_base_url,
        timeout=timedelta(seconds=settings.owner_timeout_seconds),
    )


def people_worker(
    settings: Settings, stores: Stores, owners: Owners, now: Callable[[], datetime]
) -> PeopleWorker:
    """Who sends persons what is due."""
    carrying = Carrying(
        notify=_notify(settings),
        server=mail_server(settings),
        mail_from=settings.mail_from,
        neutral_from=settings.neutral_mail_from,
    )
    attempt = (
        2 * settings.owner_timeout_seconds
        + 2 * settings.notify_timeout_seconds
        + settings.smtp_timeout_seconds
    )
    return PeopleWorker(
        stores,
        owners=owners,
        carrying=carrying,
        wording=wording(),
        policy=settings.person_retry_policy,
        lease=timedelta(seconds=attempt) + _RECORDING,
        recording=_RECORDING,
        poll=timedelta(seconds=settings.delivery_poll_seconds),
        graceful=timedelta(seconds=settings.graceful_seconds),
        now=now,
    )


def _notify(settings: Settings) -> GovUkNotify | None:
    if settings.notify_api_key is None:
        return None
    return GovUkNotify(
        api_key=settings.notify_api_key.get_secret_value(),
        base_url=settings.notify_base_url,
        timeout=timedelta(seconds=settings.notify_timeout_seconds),
        sms_template_id=settings.notify_sms_template_id,
        letter_template_id=settings.notify_letter_template_id,
        neutral_sender_id=settings.notify_neutral_sender_id,
    )
