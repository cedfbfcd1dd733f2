import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook

from services.notifications.domain import Delivery, Outcome
from services.notifications.guard import Guard
from services.notifications.messages import Links
from services.notifications.webhooks import WebhookSender
from shared.testing import free_port
from tests.notifications.examples import KEYRING, TRACE, delivery, seconds, secret_of, subscription
from tests.notifications.receivers import Answer, WebReceiver, web_receiver


@pytest.fixture
def sender(links: Links) -> WebhookSender:
    return WebhookSender(
        guard=Guard(allow_loopback=True), keyring=KEYRING, links=links, timeout=seconds(1)
    )


async def send(sender: WebhookSender, url: str, message: Delivery | None = None) -> Outcome:
    to = subscription(address=url)
    return await sender.send(message or delivery(to=to), to)


async def test_a_webhook_is_signed_and_the_receiver_can_verify_it(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    to = subscription(address=receiver.url)
    message = delivery(to=to, event_id="event-1")
    before = int(datetime.now(UTC).timestamp())
    assert await sender.send(message, to) == Outcome(code="delivered", status_code=204)
    [taken] = receiver.taken
    verified = Webhook(secret_of(to)).verify(taken.body, taken.headers)
    assert verified["type"] == "referral-created"
    assert verified["data"]["event_id"] == "event-1"
    assert taken.path == "/hook"
    assert taken.headers["webhook-id"] == message.id
    assert before <= int(taken.headers["webhook-timestamp"]) <= before + 2
    assert taken.headers["content-type"] == "application/json"
    assert taken.headers["traceparent"] == TRACE
    assert taken.headers["host"] in receiver.url


async def test_a_repeated_attempt_has_the_same_id_and_body(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    to = subscription(address=receiver.url)
    message = delivery(to=to)
    receiver.answers.append(Answer(500))
    assert await sender.send(message, to) == Outcome(code="rejected", status_code=500)
    assert (await sender.send(message, to)).delivered
    first, second = receiver.taken
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_taken(
    sender: WebhookSender, receiver: WebReceiver, status: int
) -> None:
    receiver.otherwise = Answer(status)
    assert (await send(sender, receiver.url)).delivered


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(
    sender: WebhookSender, receiver: WebReceiver, status: int
) -> None:
    async with web_receiver() as elsewhere:
        receiver.otherwise = Answer(status, {"location": elsewhere.url})
        outcome = await send(sender, receiver.url)
        assert outcome == Outcome(code="redirected", status_code=status)
        assert elsewhere.taken == []
    assert len(receiver.taken) == 1


async def test_a_receiver_that_is_gone_is_not_tried_again(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(410)
    assert await send(sender, receiver.url) == Outcome(code="gone", status_code=410, final=True)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_receiver_says_how_long_to_wait(
    sender: WebhookSender, receiver: WebReceiver, status: int
) -> None:
    receiver.otherwise = Answer(status, {"retry-after": "120"})
    assert await send(sender, receiver.url) == Outcome(
        code="rejected", status_code=status, retry_after=timedelta(minutes=2)
    )


async def test_a_busy_receiver_may_name_the_time(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    receiver.otherwise = Answer(503, {"retry-after": when})
    outcome = await send(sender, receiver.url)
    assert outcome.retry_after
    assert timedelta(minutes=9, seconds=50) < outcome.retry_after <= timedelta(minutes=10)


@pytest.mark.parametrize("header", ["soon", "-5", "99999999999999999999", "1.5", ""])
async def test_a_wait_that_makes_no_sense_does_no_harm(
    sender: WebhookSender, receiver: WebReceiver, header: str
) -> None:
    receiver.otherwise = Answer(503, {"retry-after": header})
    outcome = await send(sender, receiver.url)
    assert outcome.code == "rejected"
    assert outcome.retry_after is None or outcome.retry_after > timedelta(days=365)


async def test_only_a_busy_receiver_is_given_more_time(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(500, {"retry-after": "120"})
    assert (await send(sender, receiver.url)).retry_after is None


async def test_a_receiver_that_hangs_is_given_up_after_the_time_limit(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(wait=1.5)
    started = asyncio.get_running_loop().time()
    assert await send(sender, receiver.url) == Outcome(code="timed_out")
    assert 0.9 < asyncio.get_running_loop().time() - started < 1.4


async def test_the_replys_body_is_not_waited_for(
    sender: WebhookSender, receiver: WebReceiver
) -> None:
    receiver.otherwise = Answer(200, body=b"x" * 20_000_000)
    assert (await send(sender, receiver.url)).delivered


async def test_a_receiver_that_is_not_there_is_unreachable(sender: WebhookSender) -> None:
    outcome = await send(sender, f"http://127.0.0.1:{free_port()}/")
    assert outcome == Outcome(code="unreachable")
    assert (await send(sender, "https://nothing-here.invalid/")).code == "unreachable"


async def test_a_server_that_does_not_speak_http_is_unreachable(sender: WebhookSender) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port := free_port())
    async with server:
        assert (await send(sender, f"http://127.0.0.1:{port}/")).code == "unreachable"


async def test_an_address_is_checked_again_at_each_send(links: Links) -> None:
    strict = WebhookSender(
        guard=Guard(allow_loopback=False), keyring=KEYRING, links=links, timeout=seconds(1)
    )
    async with web_receiver() as receiver:
        assert await send(strict, receiver.url) == Outcome(code="address_refused")
        assert receiver.taken == []


async def test_a_proxy_in_the_environment_is_not_used(
    sender: WebhookSender, receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert (await send(sender, receiver.url)).delivered


def pinned(links: Links, authority: Path, *addresses: str) -> WebhookSender:
    """A sender that trusts one authority and resolves every name to these addresses."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    tls = ssl.create_default_context(cafile=str(authority))
    guard = Guard(allow_loopback=True, resolve=resolve)
    return WebhookSender(guard=guard, keyring=KEYRING, links=links, timeout=seconds(2), tls=tls)


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """A self-signed certificate for a name, and its key, as files."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(cert_file), str(key_file)


async def test_the_message_goes_to_the_checked_address_under_the_receivers_own_name(
    links: Links, tmp_path: Path
) -> None:
    files = certificate(tmp_path, "hooks.example.org")
    async with web_receiver(certificate=files, host="hooks.example.org") as receiver:
        sender = pinned(links, Path(files[0]), "127.0.0.1")
        assert (await send(sender, receiver.url)).delivered
        [taken] = receiver.taken
        assert taken.headers["host"] == receiver.url.split("/")[2]


async def test_a_certificate_for_another_name_is_not_accepted(links: Links, tmp_path: Path) -> None:
    files = certificate(tmp_path, "other.example.org")
    async with web_receiver(certificate=files, host="hooks.example.org") as receiver:
        sender = pinned(links, Path(files[0]), "127.0.0.1")
        assert (await send(sender, receiver.url)).code == "unreachable"
        assert receiver.taken == []


async def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer(
    links: Links, tmp_path: Path
) -> None:
    files = certificate(tmp_path, "hooks.example.org")
    async with web_receiver(certificate=files, host="hooks.example.org") as receiver:
        sender = pinned(links, Path(files[0]), "127.0.0.2", "127.0.0.1")
        assert (await send(sender, receiver.url)).delivered
