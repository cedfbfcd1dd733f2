"""From a table of who reads and writes what to the rules that Kafka keeps."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.bus import ALL_TOPICS


class Access(BaseModel):
    """The topics a service writes to and reads, without the installation's prefix."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    writes: tuple[str, ...]
    reads: tuple[str, ...]


class Operation(IntEnum):
    """What may be done; numbers as in Kafka's protocol (org.apache.kafka.common.acl)."""

    READ = 3
    WRITE = 4
    DESCRIBE_CONFIGS = 10


class Kind(IntEnum):
    """To what; numbers as in Kafka's protocol."""

    TOPIC = 2
    GROUP = 3


class Pattern(IntEnum):
    """How its name is given; numbers as in Kafka's protocol."""

    LITERAL = 3
    PREFIXED = 4


class Rule(NamedTuple):
    """One right of one user, from any address."""

    user: str
    operation: Operation
    kind: Kind
    name: str
    pattern: Pattern

    def words(self) -> str:
        """The rule in a line, such as ``outcomes: read group outcomes*``."""
        # A rule that others made may have a number that has no name here.
        operation, kind = (getattr(each, "name", each) for each in (self.operation, self.kind))
        end = "*" if self.pattern == Pattern.PREFIXED else ""
        return f"{self.user}: {operation} {kind} {self.name}{end}".lower()


_TABLE = TypeAdapter(dict[str, Access])


def read_access(file: Path) -> Mapping[str, Access]:
    """The table in ``file`` (TOML), by service.

    Raises OSError where it cannot be read and ValueError, saying what is wrong, where it is
    not such a table or names a topic that does not exist.
    """
    table = _TABLE.validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
    for service, access in table.items():
        unknown = sorted({*access.writes, *access.reads} - set(ALL_TOPICS))
        if unknown:
            raise ValueError(
                f"{service}: there is no topic {', '.join(unknown)}; "
                f"there are {', '.join(ALL_TOPICS)}"
            )
    return table


def rules(table: Mapping[str, Access], *, prefix: str) -> set[Rule]:
    """The rules of all services, whose users are called as they are.

    To read or write includes to describe. No rule names the cluster: a service can neither
    make, change nor delete a topic, nor list what it has no part in.
    """
    return {rule for service, access in table.items() for rule in _of(service, access, prefix)}


def _of(service: str, access: Access, prefix: str) -> Iterator[Rule]:
    for topic in access.writes:
        yield Rule(service, Operation.WRITE, Kind.TOPIC, prefix + topic, Pattern.LITERAL)
    for topic in access.reads:
        yield Rule(service, Operation.READ, Kind.TOPIC, prefix + topic, Pattern.LITERAL)
    for topic in {*access.writes, *access.reads}:
        # For the checks that tell whether a topic keeps its records for good.
        yield Rule(service, Operation.DESCRIBE_CONFIGS, Kind.TOPIC, prefix + topic, Pattern.LITERAL)
    yield Rule(service, Operation.READ, Kind.GROUP, prefix + service, Pattern.PREFIXED)
