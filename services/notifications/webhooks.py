"""Sending a delivery as a signed webhook: Standard Webhooks 1.0."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hmac import compare_digest
from http import HTTPStatus

import httpx

from services.notifications.domain import Challenge, Delivery, Outcome, Subscription, in_force
from services.notifications.guard import Guard, Refused, Target, Unresolved
from services.notifications.keyring import Keyring
from services.notifications.messages import Links, webhook_body
from shared.ids import derived_id

CHALLENGE_TYPE = "subscription-challenge"
"""The type of the message that asks a receiver to prove that it wants to be one."""

_USER_AGENT = "Linkway-Webhooks"
_ADDRESSES_TRIED = 4
_LONGEST_ANSWER = 4096
"""Bytes of an answer to a challenge that are read."""
_BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Standard Webhooks 1.0: answers of a receiver, or of what stands before it, under load."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``body`` no further than was asked for."""

    status: int
    retry_after: str | None
    body: bytes = b""


class WebhookSender:
    """Sends webhooks. ``tls`` replaces the certificate authorities trusted by default."""

    def __init__(
        self,
        *,
        guard: Guard,
        keyring: Keyring,
        links: Links,
        timeout: timedelta,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = guard
        self._keyring = keyring
        self._links = links
        self._timeout = timeout.total_seconds()
        self._tls = tls or httpx.create_ssl_context()

    async def send(self, delivery: Delivery, subscription: Subscription) -> Outcome:
        """One attempt, within the time limit. Never raises for what a receiver may do.

        Only the reply's status and Retry-After count: its body is not read, and a
        redirect is not followed, since it could lead anywhere.
        """
        body = webhook_body(delivery, self._links)
        headers = self._headers(delivery.id, subscription, body)
        if delivery.traceparent:
            headers["traceparent"] = delivery.traceparent
        outcome, _ = await self._exchange(subscription.address, headers, body)
        return outcome

    async def challenge(self, subscription: Subscription, challenge: Challenge) -> Outcome:
        """Ask the receiver to give the challenge back; delivered only if it does."""
        message_id = derived_id(subscription.id, challenge.code)
        body = challenge_body(subscription, challenge)
        headers = self._headers(message_id, subscription, body)
        outcome, reply = await self._exchange(
            subscription.address, headers, body, most=_LONGEST_ANSWER
        )
        if outcome.delivered and not _gives_back(challenge.code, reply):
            return Outcome(code="not_confirmed", status_code=outcome.status_code)
        return outcome

    async def _exchange(
        self, url: str, headers: dict[str, str], body: str, *, most: int = 0
    ) -> tuple[Outcome, bytes]:
        try:
            async with asyncio.timeout(self._timeout):
                target = await self._guard.check(url)
                reply = await self._post(target, headers, body.encode(), most)
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(code="timed_out"), b""
        except Refused:
            return Outcome(code="address_refused"), b""
        except (Unresolved, httpx.TransportError):
            return Outcome(code="unreachable"), b""
        return _judge(reply), reply.body

    async def _post(self, target: Target, headers: dict[str, str], body: bytes, most: int) -> Reply:
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
                try:
                    return Reply(
                        response.status_code,
                        response.headers.get("retry-after"),
                        await _read(response, most),
                    )
                finally:
                    await response.aclose()
        raise failure

    def _headers(self, message_id: str, subscription: Subscription, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        keys = in_force(subscription.keys, now)
        if not keys:
            raise ValueError("a webhook subscription has a key")
        return {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": _USER_AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._keyring.sign(keys, message_id, now, body),
        }


def challenge_body(subscription: Subscription, challenge: Challenge) -> str:
    """The challenge as JSON, the same text at each attempt."""
    data = {"subscription_id": subscription.id, "challenge": challenge.code}
    message = {
        "type": CHALLENGE_TYPE,
        "timestamp": challenge.asked_at.isoformat(),
        "data": data,
    }
    return json.dumps(message, separators=(",", ":"), ensure_ascii=True)


async def _read(response: httpx.Response, most: int) -> bytes:
    """The first ``most`` bytes of the body as they came; more are not waited for."""
    body = b""
    if most:
        async for part in response.aiter_raw():
            body += part
            if len(body) >= most:
                break
    return body[:most]


def _gives_back(code: str, body: bytes) -> bool:
    """Whether an answer is a JSON object that holds the challenge."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    given = answer.get("challenge") if isinstance(answer, dict) else None
    return isinstance(given, str) and compare_digest(given.encode(), code.encode())


def _judge(reply: Reply) -> Outcome:
    status = reply.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(code="delivered", status_code=status)
    if status == HTTPStatus.GONE:
        return Outcome(code="gone", status_code=status, final=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Outcome(code="redirected", status_code=status)
    asked = reply.retry_after if status in _BUSY else None
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
