"""Make Kafka hold the topics, users and rules that a table asks for, and no other rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest
from aiokafka.protocol.api import Request
from pydantic import Field, SecretStr

from services.console.kafka.protocol import SetPasswords
from services.console.kafka.rules import Access, Kind, Operation, Pattern, Rule, rules
from shared.bus import ALL_TOPICS, connection_options, ensure_topics, topic_name
from shared.errors import Unavailable
from shared.kafkasettings import KafkaSettings

_ANY = 1
_ALLOW = 3
_EVERYWHERE = "*"


class AccessSettings(KafkaSettings):
    """How the deployment's own user reaches Kafka, and the passwords its services get.

    A service without one is given no password here, because it signs in by a certificate or
    its user is kept elsewhere; its rules are made all the same.
    """

    service: str = "kafka-setup"
    referral_kafka_password: SecretStr | None = Field(None, description="Of the user `referral`.")
    directory_kafka_password: SecretStr | None = Field(None, description="Of `directory`.")
    outcomes_kafka_password: SecretStr | None = Field(None, description="Of `outcomes`.")
    notifications_kafka_password: SecretStr | None = Field(None, description="Of `notifications`.")

    def password_of(self, service: str) -> str | None:
        """The password that the service's user is to have."""
        given: SecretStr | None = getattr(self, f"{service}_kafka_password", None)
        return None if given is None else given.get_secret_value()


@dataclass(frozen=True)
class Outcome:
    """What was changed, or would be."""

    topics: list[str]
    users: list[str]
    added: list[Rule]
    removed: list[Rule]


Told = Callable[[str], None]


async def apply_access(
    settings: AccessSettings, table: Mapping[str, Access], *, dry_run: bool, told: Told
) -> Outcome:
    """Create what is missing and take away rules of these users that the table does not hold.

    Running it again changes nothing but the salt of the passwords. With ``dry_run`` it only
    looks. ``told`` hears of each step. Raises Unavailable where Kafka refuses or is away.
    """
    admin = AIOKafkaAdminClient(**connection_options(settings))
    try:
        await admin.start()
        return await _apply(admin, settings, table, dry_run=dry_run, told=told)
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"Kafka does not answer, or refuses: {type(error).__name__}.") from error
    finally:
        with suppress(KafkaError):
            await admin.close()


async def _apply(
    admin: AIOKafkaAdminClient,
    settings: AccessSettings,
    table: Mapping[str, Access],
    *,
    dry_run: bool,
    told: Told,
) -> Outcome:
    there = set(await admin.list_topics())
    missing = [topic for topic in ALL_TOPICS if topic_name(settings, topic) not in there]
    told("Topics")
    if missing and not dry_run:
        await ensure_topics(settings, missing)
    passwords = {name: word for name in table if (word := settings.password_of(name))}
    told("Users")
    if passwords and not dry_run:
        _check((await _ask(admin, SetPasswords(passwords)))["results"])
    told("Rules")
    kept = {rule for user in table for rule in await _rules_of(admin, user)}
    wanted = rules(table, prefix=settings.topic_prefix)
    added, removed = sorted(wanted - kept), sorted(kept - wanted)
    if not dry_run:
        # First what is needed, then what is not: nothing that is allowed is ever refused.
        for rule in added:
            await _add(admin, rule)
        for rule in removed:
            await _remove(admin, rule)
    names = [topic_name(settings, topic) for topic in missing]
    return Outcome(names, sorted(passwords), added, removed)


async def _rules_of(admin: AIOKafkaAdminClient, user: str) -> set[Rule]:
    asked = DescribeAclsRequest(_ANY, None, _ANY, f"User:{user}", None, _ANY, _ANY)
    answer = await _ask(admin, asked)
    _check([answer])
    return {
        Rule(
            user,
            _known(Operation, acl["operation"]),
            _known(Kind, resource["resource_type"]),
            resource["resource_name"],
            _known(Pattern, resource["resource_pattern_type"]),
        )
        for resource in answer["resources"]
        for acl in resource["acls"]
    }


def _known(kind: Callable[[int], Any], number: int) -> Any:
    """The name of a number, or the number itself where a rule made by others has another."""
    try:
        return kind(number)
    except ValueError:
        return number


async def _add(admin: AIOKafkaAdminClient, rule: Rule) -> None:
    answer = await _ask(admin, CreateAclsRequest(*_parts(rule), _ALLOW))
    _check(answer["creation_responses"])


async def _remove(admin: AIOKafkaAdminClient, rule: Rule) -> None:
    answer = await _ask(admin, DeleteAclsRequest(*_parts(rule), _ANY))
    _check(answer["filter_responses"])


def _parts(rule: Rule) -> tuple[int, str, int, str, str, int]:
    who = f"User:{rule.user}"
    return int(rule.kind), rule.name, int(rule.pattern), who, _EVERYWHERE, int(rule.operation)


async def _ask(admin: AIOKafkaAdminClient, request: Request[Any]) -> dict[str, Any]:
    answer = await admin._send_request(request)  # noqa: SLF001 - aiokafka has these requests but no public call that sends them
    return dict(answer.to_object())


def _check(results: Iterable[Mapping[str, Any]]) -> None:
    for result in results:
        if result["error_code"]:
            raise for_code(result["error_code"])(result["error_message"])
