"""The one request of Kafka's protocol that aiokafka lacks: to set a user's SCRAM password.

Layout: Kafka's protocol guide (kafka.apache.org/protocol), AlterUserScramCredentials, key 51,
version 0. What a broker keeps of a password: RFC 5802 §3, with KIP-554's numbers.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import ClassVar

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_SCRAM_SHA_512 = 2
_ITERATIONS = 8_192
"""Kafka takes 4,096 to 16,384. These passwords are made by machines and cannot be guessed."""
_SALT_BYTES = 32


class AlterScramAnswer(Response):  # type: ignore[misc]  # aiokafka has no types
    """What became of each user."""

    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterScramStruct(RequestStruct):  # type: ignore[misc]  # as above
    """Version 0, the only one there is."""

    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION: ClassVar[bool] = True
    RESPONSE_TYPE = AlterScramAnswer
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(
                ("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)
            ),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class SetPasswords(Request[AlterScramStruct]):  # type: ignore[misc]  # as above
    """Give users, by name, their passwords for SCRAM-SHA-512; new ones are made."""

    API_KEY = 51

    def __init__(self, passwords: dict[str, str]) -> None:
        self._passwords = passwords

    def build(self, request_struct_class: type[AlterScramStruct]) -> AlterScramStruct:
        """The request; only a salted form of each password leaves this process."""
        upsertions = [_upsertion(name, password) for name, password in self._passwords.items()]
        return request_struct_class([], upsertions, {})


def _upsertion(name: str, password: str) -> tuple[object, ...]:
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return (name, _SCRAM_SHA_512, _ITERATIONS, salt, salted, {})
