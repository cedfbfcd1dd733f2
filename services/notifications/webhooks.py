"""Sending a delivery as a signed webhook: Standard Webhooks 1.0."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from standardwebhooks import Webhook

from services.notifications.domain import Delivery, Outcome, Subscription
from services.notifications.guard import Guard, Refused, Target, Unresolved
from services.notifications.messages import Links, webhook_body

_USER_AGENT = "Linkway-Webhooks"
_ADDRESSES_TRIED = 4
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class WebhookSender:
    """Sends webhooks. ``tls`` replaces the certificate authorities trusted by default."""

    def __init__(
        self,
        *,
        guard: Guard,
        links: Links,
        timeout: timedelta,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._links = links
        self._timeout = timeout.total_seconds()
        self._tls = tls or httpx.create_ssl_context()

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt, within the time limit. Never raises for what a receiver may do.

        Only the reply's status and Retry-After count: its body is not read, and a
        redirect is not followed, since it could lead anywhere.
        """
        body = webhook_body(delivery, self._links)
        headers = _headers(delivery, subscription, body)
        try:
            async with asyncio.timeout(self._timeout):
                target = await self._guard.check(subscription.address)
                return _judge(await self._post(target, headers, body.encode()))
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(code="timed_out")
        except Refused:
            return Outcome(code="address_refused")
        except (Unresolved, httpx.TransportError):
            return Outcome(code="unreachable")

    async def _post(self, target: Target, headers: dict[str, str], body: bytes) -> httpx.Response:
        """Post to the first checked address that answers, under the host's own name."""
        host = target.url.raw_host.decode()
        headers["host"] = target.url.netloc.decode()
        addresses = target.addresses[:_ADDRESSES_TRIED]
        timeout = httpx.Timeout(self._timeout, connect=self._timeout / len(addresses))
        failure: httpx.TransportError
        for address in addresses:
            # A client for each address: no connection is shared between two receivers
            # behind one address, and no proxy in the environment is used.
            async with httpx.AsyncClient(
                verify=self._tls, trust_env=False, follow_redirects=False, timeout=timeout
            ) as client:
                request = client.build_request(
                    "POST",
                    target.url.copy_with(host=str(address)),
                    headers=headers,
                    content=body,
                    extensions={"sni_hostname": host},
                )
                try:
                    response = await client.send(request, stream=True)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    failure = error
                    continue
                await response.aclose()
                return response
        raise failure


def _headers(delivery: Delivery, subscription: Subscription, body: str) -> dict[str, str]:
    if subscription.secret is None:
        raise ValueError("a webhook subscription has a secret")
    now = datetime.now(UTC)
    headers = {
        "content-type": "application/json",
        "user-agent": _USER_AGENT,
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(subscription.secret).sign(delivery.id, now, body),
    }
    if delivery.traceparent:
        headers["traceparent"] = delivery.traceparent
    return headers


def _judge(response: httpx.Response) -> Outcome:
    status = response.status_code
    if response.is_success:
        return Outcome(code="delivered", status_code=status)
    if status == HTTPStatus.GONE:
        return Outcome(code="gone", status_code=status, final=True)
    if response.is_redirect or HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Outcome(code="redirected", status_code=status)
    asked = response.headers.get("retry-after") if status in _BUSY else None
    return Outcome(code="rejected", status_code=status, retry_after=_wait(asked))


def _wait(retry_after: str | None) -> timedelta | None:
    """A Retry-After header (RFC 9110, section 10.2.3): seconds or a date; None if neither."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdecimal():
        return timedelta(seconds=min(int(retry_after[:9]), 10**8))
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(until - datetime.now(UTC), timedelta(0))
