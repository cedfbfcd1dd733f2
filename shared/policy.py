"""Who may do what: the form in which a service states it, and how the statement is read.

A service keeps one table, ``domain/policy.py``: each operation by its method and path, and in
its row which roles may ask for it, what each must be to the record it is about, and how much
it then sees. The table is data: HTTP enforces the roles (``shared.web.access``), handlers and
stores the relations, and ``docs/access.md`` is rendered from it. No rule of any service is here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Generic, TypeVar

from shared.cause import Actor
from shared.errors import Forbidden, NotFound


class Role(StrEnum):
    """What someone is to Linkway, as their token says it."""

    REFERRER = "referrer"
    LINK_WORKER = "link_worker"
    TEAM_LEAD = "team_lead"
    PROVIDER = "provider"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    DIRECTORY_CURATOR = "directory_curator"
    REPORTER = "reporter"
    TENANT_ADMIN = "tenant_admin"
    OPERATIONS = "operations"
    SERVICE = "service"


EVERYONE = tuple(Role)
"""All roles; anyone with a token."""

TENANT = "tenant"
"""The relation of whoever is of the tenant: it opens no one's record by itself."""

SightT = TypeVar("SightT", bound=Enum)


@dataclass(frozen=True, slots=True)
class Grant:
    """These roles may, where they are one of these to the record; and see that much of it."""

    roles: tuple[str, ...]
    relations: tuple[str, ...]
    sees: Any = None


def may(roles: Sequence[str], *relations: str, sees: Enum | None = None) -> Grant:
    """One line of a row. Without relations, anyone of the tenant in these roles."""
    return Grant(tuple(roles), relations or (TENANT,), sees)


@dataclass(frozen=True, slots=True)
class Public:
    """An operation without a token, and what protects it instead."""

    protected_by: str


@dataclass(frozen=True, slots=True)
class Row:
    """An operation: who may ask for it, as what, and how much each sees."""

    operation: str
    roles: tuple[str, ...]
    """Those that may ask for it at all; others are refused before any record is looked at."""
    sights: Mapping[str, Mapping[str, Any]]
    """By role and relation how much is seen; None where it is done and not seen."""
    protected_by: str | None = None
    """What protects an operation that asks for no token; None for all others."""

    @classmethod
    def of(cls, operation: str, stated: Sequence[Grant] | Public) -> Row:
        """The row as a service states it."""
        if isinstance(stated, Public):
            return cls(operation, (), {}, stated.protected_by)
        sights: dict[str, dict[str, Any]] = {}
        for grant in stated:
            for role in grant.roles:
                for relation in grant.relations:
                    sights.setdefault(str(role), {})[str(relation)] = grant.sees
        roles = tuple(role.value for role in Role if role.value in sights)
        if len(roles) != len(sights) or not roles:
            raise ValueError(f"{operation}: {sorted(sights)} are not all roles that there are")
        return cls(operation, roles, sights)

    @property
    def is_public(self) -> bool:
        """Whether it asks for no token."""
        return self.protected_by is not None

    @property
    def is_for_everyone(self) -> bool:
        """Whether no role is refused."""
        return len(self.roles) == len(EVERYONE)

    def check_role(self, role: str) -> None:
        """Raise Forbidden for a role that may never do this, naming those that may."""
        if role not in self.sights:
            raise Forbidden(
                f"This needs the role {' or '.join(self.roles)}.",
                {"allowed_roles": list(self.roles)},
            )


Table = Mapping[str, Sequence[Grant] | Public]
"""Operations as ``METHOD /path``, each with its grants or with what protects it."""


class Policy(Generic[SightT]):
    """A service's table, read.

    ``sights`` says how much can be seen, most first: of several relations the one that sees
    most counts. ``words`` explains relations and sights to people.
    """

    def __init__(
        self,
        table: Table,
        *,
        sights: type[SightT] | None = None,
        words: Mapping[str, str] | None = None,
        remarks: Sequence[str] = (),
    ) -> None:
        self._rows = {name: Row.of(name, stated) for name, stated in table.items()}
        self._order: Sequence[Any] = [*(sights or ()), None]
        self._sights = sights
        self.words = {TENANT: "Anyone of the tenant in that role.", **(words or {})}
        self.remarks = tuple(remarks)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __getitem__(self, operation: str) -> Row:
        return self._rows[operation]

    def __contains__(self, operation: object) -> bool:
        return operation in self._rows

    def joined(self, table: Table) -> Policy[SightT]:
        """This policy with further rows, as routes that every service has bring theirs."""
        both: Policy[SightT] = Policy(table, sights=self._sights, words=self.words)
        both._rows = {**self._rows, **both._rows}
        both.remarks = self.remarks
        return both

    def relations(self, actor: Actor, operation: str = "") -> Mapping[str, SightT | None]:
        """What this actor's role must be to a record, each with how much it sees as that.

        Without ``operation``, of what the actor asks for. Nothing for a role that may not.
        """
        row = self._rows.get(operation or actor.operation)
        return row.sights.get(actor.role, {}) if row is not None else {}

    def allows(self, actor: Actor, held: Collection[str], operation: str = "") -> bool:
        """Whether one of the relations that the actor holds is enough."""
        return any(relation in held for relation in self.relations(actor, operation))

    def sight(self, actor: Actor, held: Collection[str], operation: str = "") -> SightT | None:
        """The most that the actor sees by the relations it holds; None where that is nothing."""
        granted = self.relations(actor, operation)
        seen = [sees for relation, sees in granted.items() if relation in held]
        return min(seen, default=None, key=self._order.index)

    def require(self, actor: Actor, held: Collection[str], operation: str = "") -> None:
        """Raise NotFound, in the words for a record that is not there, unless it is allowed."""
        if not self.allows(actor, held, operation):
            raise not_there()


def not_there() -> NotFound:
    """What is answered for another's record: the same as for none."""
    return NotFound("There is no such record.")
