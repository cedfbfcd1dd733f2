from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.notifications.keyring import Keyring

BODY = '{"type":"referral-created"}'
OLD, NEW = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))


def headers(signature: str, at: datetime) -> dict[str, str]:
    return {
        "webhook-id": "message-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def test_either_secret_checks_what_both_signed() -> None:
    ring = Keyring([NEW])
    keys = [ring.make("k2", "hmac"), ring.make("k1", "hmac")]
    now = datetime.now(UTC)
    signed = ring.sign(keys, "message-1", now, BODY)
    assert [each[:3] for each in signed.split(" ")] == ["v1,", "v1,"]
    for key in keys:
        secret = ring.secret(key)
        assert secret
        assert secret.startswith("whsec_")
        assert len(b64decode(secret.removeprefix("whsec_"))) == 32
        assert Webhook(secret).verify(BODY, headers(signed, now))["type"] == "referral-created"


def test_an_ed25519_signature_is_checked_with_the_public_key_alone() -> None:
    ring = Keyring([NEW])
    key = ring.make("k1", "ed25519")
    assert ring.secret(key) is None
    assert key.public
    assert key.public.startswith("whpk_")
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    version, _, signature = ring.sign([key], "message-1", at, BODY).partition(",")
    assert version == "v1a"
    public = Ed25519PublicKey.from_public_bytes(b64decode(key.public.removeprefix("whpk_")))
    public.verify(b64decode(signature), f"message-1.1772452800.{BODY}".encode())
    with pytest.raises(InvalidSignature):
        public.verify(b64decode(signature), f"message-2.1772452800.{BODY}".encode())


def test_a_sealed_key_opens_with_any_key_of_the_ring_and_with_no_other() -> None:
    before = Keyring([OLD])
    key = before.make("k1", "hmac")
    assert Keyring([NEW, OLD]).secret(key) == before.secret(key)
    with pytest.raises(InvalidToken):
        Keyring([NEW]).secret(key)
    assert Keyring([NEW, OLD]).make("k2", "hmac").sealed != key.sealed
