"""How an issuer's claims say who acts: a mapping in configuration, and its reading.

Issuers name the same things differently: Keycloak has `realm_access.roles`, Entra ID `roles`,
NHS CIS2 a list of roles each held at an organisation. What differs is data, not code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST_STANDINGS = 200
"""Of one token: more would be a mistake of the issuer's, and slow."""

Place = Annotated[str, Field(min_length=1, max_length=200)]
"""A claim by its name, or inside others by names with dots between: `realm_access.roles`."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Standing(_Strict):
    """Where roles stand in a token: a claim that holds one, or a list of them."""

    each: Place
    role: Place | None = None
    """Inside each item; by default the item itself is the role."""
    organisation: Place | None = None
    """Inside each item, where a role is held at an organisation of its own."""
    id: Place | None = None
    """Inside each item: by what the issuer calls this very role of this person."""
    last_part_after: str | None = Field(default=None, min_length=1, max_length=5)
    """Of `S8000:G8000:R8000` with `:` only the last part is looked up."""


class ClaimsMap(_Strict):
    """Which claims say who acts. The defaults are those of flat claims, one for each thing."""

    notes: tuple[str, ...] = ()
    """For those who read the file."""
    subject: Place = "sub"
    client: Place | None = "azp"
    """The application the token was given to, where the issuer says it."""
    standings: tuple[Standing, ...] = Field(default=(Standing(each="role"),), min_length=1)
    roles: Mapping[str, str] | None = None
    """The issuer's word for a role to Linkway's; others do not count. Without it words are taken
    as they are."""
    selected: Place | None = None
    """The claim that says which of several was chosen when signing in: its id or its role."""
    organisation: Place | None = "organisation"
    """Where a standing names none itself: one text, or a list of one."""
    organisations: Mapping[str, str] | None = None
    """The issuer's word for an organisation (a group's id) to an ODS code or organisation id;
    others do not count. Without it words are taken as they are."""
    tenant: Place | None = "tenant"
    tenants: Mapping[str, str] | None = None
    """The issuer's word for a tenant to Linkway's, as with organisations."""
    tenant_of: Mapping[str, str] = {}
    """The tenant of an organisation; goes before the claim."""
    scopes: Place | None = "scope"
    """One text with spaces between, or a list."""
    own_clients: frozenset[str] | None = None
    """Clients that act with all that the person or service may do. Tokens of any other are held
    to their scopes. Without it, tokens that state scopes are held to them."""
    requires: Mapping[Place, tuple[str, ...]] = {}
    """Claims that must be there, and the values they may have."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.own_clients is not None and self.client is None:
            raise ValueError("own_clients needs client, the claim that names the client")
        if self.tenant is None and not self.tenant_of:
            raise ValueError("either tenant or tenant_of must say what the tenant is")
        return self


@dataclass(frozen=True, slots=True)
class Held:
    """One role somebody may act in."""

    role: str
    organisation: str
    tenant: str
    id: str | None = None

    @property
    def name(self) -> str:
        """As a person names it."""
        return f"{self.role}@{self.organisation}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a token speaks for, and in which roles they may act; never empty.

    ``scopes`` is None for a token that is not held to any.
    """

    subject: str
    client: str | None
    scopes: frozenset[str] | None
    held: Sequence[Held]
    selected: str | None = None

    def choose(self, wanted: str | None) -> Sequence[Held]:
        """The roles that ``wanted`` names, or that were chosen at the sign-in, or all."""
        name = wanted or self.selected
        if name is None:
            return self.held
        return [each for each in self.held if name in {each.id, each.name, each.role}]


class Unreadable(ValueError):
    """The claims do not say who acts; its text says what is missing, never what was there."""


def read_identity(claims: Mapping[str, Any], mapping: ClaimsMap) -> Identity:
    """Whom these claims speak for. Raises Unreadable."""
    for place, allowed in mapping.requires.items():
        if not any(each in allowed for each in _texts(_at(claims, place))):
            raise Unreadable(f"does not have a value that is asked for in the claim {place!r}")
    client = next(_texts(_at(claims, mapping.client)), None) if mapping.client else None
    return Identity(
        subject=_one(claims, mapping.subject),
        client=client,
        scopes=_scopes(claims, mapping, client),
        held=_all_held(claims, mapping),
        selected=next(_texts(_at(claims, mapping.selected)), None) if mapping.selected else None,
    )


def _scopes(
    claims: Mapping[str, Any], mapping: ClaimsMap, client: str | None
) -> frozenset[str] | None:
    stated = _at(claims, mapping.scopes) if mapping.scopes else None
    if mapping.own_clients is None:
        if stated is None:
            return None
    elif client in mapping.own_clients:
        return None
    return frozenset(scope for text in _texts(stated) for scope in text.split())


def _all_held(claims: Mapping[str, Any], mapping: ClaimsMap) -> Sequence[Held]:
    """Each role once, in the token's order."""
    found: dict[Held, None] = {}
    named = False
    for standing in mapping.standings:
        for item in _items(_at(claims, standing.each)):
            for word in _texts(_at(item, standing.role) if standing.role else item):
                named = True
                if (role := _role(word, standing, mapping)) is not None:
                    found[_held(claims, item, role, standing, mapping)] = None
                if len(found) > _MOST_STANDINGS:
                    raise Unreadable("holds more roles than can be")
    if found:
        return tuple(found)
    where = " or ".join(repr(standing.each) for standing in mapping.standings)
    if named:
        raise Unreadable(f"names no role that is known here in the claim {where}")
    raise Unreadable(f"has no text in the claim {where}")


def _role(word: str, standing: Standing, mapping: ClaimsMap) -> str | None:
    if standing.last_part_after:
        word = word.rpartition(standing.last_part_after)[2]
    return word if mapping.roles is None else mapping.roles.get(word)


def _held(
    claims: Mapping[str, Any], item: Any, role: str, standing: Standing, mapping: ClaimsMap
) -> Held:
    if standing.organisation:
        word = next(_texts(_at(item, standing.organisation)), None)
    else:
        word = _one(claims, mapping.organisation, mapping.organisations)
    if word and standing.organisation and mapping.organisations is not None:
        word = mapping.organisations.get(word)
    if not word:
        raise Unreadable("names a role without an organisation that is known here")
    tenant = mapping.tenant_of.get(word)
    if tenant is None:
        if mapping.tenant is None:
            raise Unreadable("names an organisation whose tenant is not known here")
        tenant = _one(claims, mapping.tenant, mapping.tenants)
    id_ = next(_texts(_at(item, standing.id)), None) if standing.id else None
    return Held(role, word, tenant, id_)


def _one(
    claims: Mapping[str, Any], place: str | None, names: Mapping[str, str] | None = None
) -> str:
    """The one text there, in our word for it where there is a table of them."""
    words = set(_texts(_at(claims, place))) if place else set()
    if names is not None and words:
        words = {names[word] for word in words if word in names}
        if not words:
            raise Unreadable(f"has nothing that is known here in the claim {place!r}")
    if len(words) > 1:
        raise Unreadable(f"has more than one value in the claim {place!r}")
    for word in words:
        return word
    raise Unreadable(f"has no text in the claim {place!r}")


def _at(item: Any, place: str) -> Any:
    """What stands there: under the whole name, as some issuers have dots in it, or inside."""
    if not isinstance(item, Mapping):
        return None
    if place in item:
        return item[place]
    for name in place.split("."):
        if not isinstance(item, Mapping):
            return None
        item = item.get(name)
    return item


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else () if value is None else (value,)


def _texts(value: Any) -> Iterator[str]:
    return (each for each in _items(value) if isinstance(each, str) and each)
