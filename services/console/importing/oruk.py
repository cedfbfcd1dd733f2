"""Services in Open Referral UK 3.0 JSON: one object, a list, or a page of a feed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.console.importing import contacts, json_items, oruk_parts
from services.console.importing import oruk_shapes as shapes
from services.console.importing.categories import need_codes
from services.console.importing.records import (
    BadRow,
    Organisation,
    OrganizationRef,
    Row,
    Rows,
    Service,
    first_of_each,
    reasons,
)
from shared.ids import derived_id

_SERVICE = TypeAdapter(shapes.Lenient)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def recognise(first: Any) -> bool:
    """Whether a file's first item is a service, a service at a location or an organisation."""
    return isinstance(first, dict) and bool(
        {"id", "name", "status"} <= first.keys()
        or {"id", "service", "location"} <= first.keys()
        or {"id", "name", "services"} <= first.keys()
    )


def read(path: Path) -> Rows:
    """The services of the file; ids are the source's own."""
    return first_of_each(_row(line, path.stem.lower(), item) for line, item in _services(path))


def _services(path: Path) -> Iterator[tuple[int, Any]]:
    """Each service of the file; one found at several locations is put together first."""
    placed: dict[str, tuple[int, dict[str, Any]]] = {}
    for line, item in json_items.items(path):
        if not isinstance(item, dict):
            yield line, item
        elif isinstance(item.get("services"), list):
            organization = {key: value for key, value in item.items() if key != "services"}
            for service in item["services"]:
                owned = isinstance(service, dict)
                yield line, {"organization": organization, **service} if owned else service
        elif isinstance(item.get("service"), dict):
            service = item["service"]
            _, known = placed.setdefault(
                str(service.get("id")), (line, {**service, "service_at_locations": []})
            )
            known["service_at_locations"].append({"location": item.get("location")})
        else:
            yield line, item
    yield from placed.values()


def _row(line: int, source: str, item: Any) -> Row | BadRow:
    try:
        return _service(line, source, _SERVICE.validate_python(item))
    except ValidationError as error:
        return BadRow(line, reasons(error))


def _service(line: int, source: str, said: shapes.Service) -> Row:
    notes: list[str] = []
    provider = _provider(source, said, notes)
    url = contacts.web_address(said.url)
    if said.url and not url:
        notes.append("url left out: not understood")
    email = contacts.email(said.email)
    if said.email and not email:
        notes.append("email left out: not understood")
    assurer = contacts.email(said.assurer_email)
    if said.assurer_email and not assurer:
        notes.append("assurer_email left out: not understood")
    service = Service(
        id=_id(said.id, source, "service"),
        name=said.name,
        organization=OrganizationRef(id=provider.id, name=provider.name),
        status=said.status,
        description=said.description or None,
        alert=said.alert or None,
        accreditations=said.accreditations or None,
        url=url,
        email=email,
        telephone=_telephone(said),
        contacts=oruk_parts.contacts_of(said.contacts, notes),
        locations=tuple(
            oruk_parts.location(place.location, notes) for place in said.service_at_locations
        ),
        service_areas=oruk_parts.service_areas(said.service_areas, notes),
        schedules=tuple(oruk_parts.schedule(each, notes) for each in said.schedules),
        languages=tuple(
            language.code for language in said.languages if _LANGUAGE.fullmatch(language.code)
        ),
        minimum_age=said.minimum_age,
        maximum_age=said.maximum_age,
        fees=said.fees or "; ".join(_price(cost) for cost in said.cost_options) or None,
        free=_free(said),
        cost_options=tuple(map(oruk_parts.cost_option, said.cost_options)),
        accessibility=_accessibility(said),
        attributes=oruk_parts.attributes(said.attributes, notes),
        assured_date=said.assured_date,
        assurer_email=assurer,
        last_modified=said.last_modified,
        need_codes=said.x_linkway.need_codes or _need_codes(said),
        service_role=said.x_linkway.service_role,
        capacity=said.x_linkway.capacity,
    )
    return Row(line, service, tuple(dict.fromkeys(notes)), provider)


def _id(given: str, *parts: str) -> str:
    return given if _ID.fullmatch(given) else derived_id("import", *parts, given)


def _provider(source: str, said: shapes.Service, notes: list[str]) -> Organisation:
    if said.organization is None:
        notes.append("names no organisation: its own name stands in")
        own = derived_id("import", source, "organisation", said.id)
        return Organisation(id=own, name=said.name, kind="provider")
    return Organisation(
        id=_id(said.organization.id, source, "organisation"),
        name=said.organization.name,
        kind="provider",
        email=contacts.email(said.organization.email),
    )


def _telephone(said: shapes.Service) -> str | None:
    phones = (*said.phones, *(phone for contact in said.contacts for phone in contact.phones))
    return next(filter(None, (contacts.telephone(phone.number) for phone in phones)), None)


def _price(cost: shapes.CostOption) -> str:
    amount = None if cost.amount is None else f"\N{POUND SIGN}{cost.amount:.2f}"
    return " ".join(filter(None, (cost.option, amount, cost.amount_description)))


def _free(said: shapes.Service) -> bool | None:
    amounts = [cost.amount for cost in said.cost_options if cost.amount is not None]
    if said.x_linkway.free is None and amounts:
        return not any(amounts)
    return said.x_linkway.free


def _accessibility(said: shapes.Service) -> str | None:
    ways = (
        way.description for at in said.service_at_locations for way in at.location.accessibility
    )
    return "\n".join(dict.fromkeys(filter(None, ways))) or None


def _need_codes(said: shapes.Service) -> tuple[str, ...]:
    terms = " ".join(attribute.taxonomy_term.name for attribute in said.attributes)
    return need_codes(terms, said.name)
