"""Services in a table with a heading, whatever its columns are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from services.console.importing import contacts, tables
from services.console.importing.categories import need_codes
from services.console.importing.opening import sessions
from services.console.importing.places import point, postcode
from services.console.importing.records import (
    BadRow,
    Location,
    Organisation,
    OrganizationRef,
    Row,
    Rows,
    Schedule,
    Service,
    ServiceArea,
    first_of_each,
    reasons,
)
from shared.ids import derived_id

_COLUMNS = {
    "id": ("id", "service id", "reference", "ref"),
    "name": ("name", "service name", "service", "title", "library name", "group name"),
    "organisation": ("organisation", "organization", "provider", "run by", "charity"),
    "organisation_id": ("organisation id", "organization id", "provider id", "authority id"),
    "description": ("description", "about", "summary", "details", "note", "notes"),
    "category": ("category", "type", "service type", "kind", "theme"),
    "address": ("address", "full address", "address 1", "venue", "location"),
    "city": ("city", "town", "post town"),
    "postcode": ("postcode", "post code", "postal code", "zip"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lng", "lon", "long"),
    "opening": ("opening", "opening times", "opening hours", "open", "times", "hours"),
    "closed": ("closed", "is closed", "closure", "status"),
    "url": ("url", "website", "web", "web address", "link"),
    "email": ("email", "e mail", "email address"),
    "telephone": ("telephone", "phone", "telephone number", "phone number", "tel"),
    "cost": ("cost", "fees", "price", "charge"),
    "service_area": ("service area", "area served", "area covered", "catchment"),
    "accreditations": ("accreditations", "accreditation", "quality mark"),
    "assurer_email": ("assurer email", "checked by email"),
    "alert": ("alert", "notice"),
    "referral": ("referral required", "referral needed", "referral"),
}
_PLACED = {"address", "postcode", "latitude"}

Status = Literal["active", "inactive", "defunct", "temporarily closed"]

# The X codes are those of the Libraries Taskforce's dataset of public libraries in England.
_STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("", "0", "no", "n", "false", "open", "active", "a"), "active"),
    **dict.fromkeys(("xl", "xlr", "defunct", "permanently", "permanently closed"), "defunct"),
    **dict.fromkeys(("xlt", "temporarily", "temporarily closed"), "temporarily closed"),
    **dict.fromkeys(("1", "yes", "y", "true", "closed", "inactive"), "inactive"),
}
_REFERRAL = {
    **dict.fromkeys(("1", "yes", "y", "true"), "A referral is needed."),
    **dict.fromkeys(("0", "no", "n", "false"), "No referral is needed."),
}


def recognise(rows: Sequence[list[str]]) -> bool:
    """Whether the first row is the heading of such a table: things with a name and a place."""
    found = tables.match_columns(rows[0], _COLUMNS)
    return "name" in found and not _PLACED.isdisjoint(found)


def read(path: Path) -> Rows:
    """The services of the table; ids are derived from the file's name and each row's key.

    The key is the row's id or, in a table without ids, its name, postcode and address.
    """
    return first_of_each(_read(path))


def _read(path: Path) -> Rows:
    lines = tables.rows(path)
    _, heading = next(lines)
    columns = tables.match_columns(heading, _COLUMNS)
    for line, cells in lines:
        if len(cells) != len(heading):
            yield BadRow(line, f"has {len(cells)} columns, the heading {len(heading)}")
            continue
        values = {field: cells[columns[field]] if field in columns else "" for field in _COLUMNS}
        if "id" in columns and not values["id"]:
            yield BadRow(line, f"{heading[columns['id']]}: missing")
            continue
        try:
            yield _row(line, path.stem.lower(), values)
        except ValidationError as error:
            yield BadRow(line, reasons(error))


def _row(line: int, source: str, values: Mapping[str, str]) -> Row:
    key = values["id"] or "|".join(values[field] for field in ("name", "postcode", "address"))
    provider = _provider(source, key, values)
    location, notes = _location(values)
    url = contacts.web_address(values["url"])
    email = contacts.email(values["email"])
    telephone = contacts.telephone(values["telephone"])
    assurer = contacts.email(values["assurer_email"])
    status = _STATUSES.get(values["closed"].lower())
    if status is None:
        notes.append("closed not understood: taken as inactive")
    for field, kept in (
        ("url", url),
        ("email", email),
        ("telephone", telephone),
        ("assurer_email", assurer),
    ):
        if values[field] and not kept:
            notes.append(f"{field} left out: not understood")
    service = Service(
        id=derived_id("import", source, key),
        name=values["name"],
        organization=OrganizationRef(id=provider.id, name=provider.name),
        status=status or "inactive",
        description=_description(values),
        url=url,
        email=email,
        telephone=telephone,
        locations=(location,) if location else (),
        schedules=_schedules(values["opening"]),
        service_areas=(ServiceArea(name=area),) if (area := values["service_area"]) else (),
        alert=values["alert"] or None,
        accreditations=values["accreditations"] or None,
        assurer_email=assurer,
        fees=values["cost"] or None,
        need_codes=need_codes(values["category"], f"{source} {values['name']}"),
    )
    return Row(line, service, tuple(notes), provider)


def _provider(source: str, key: str, values: Mapping[str, str]) -> Organisation:
    """Who runs the service: the organisation named, or the service itself."""
    known_by = values["organisation_id"] or values["organisation"]
    unnamed = f"{source}: organisation {known_by}" if known_by else values["name"]
    return Organisation(
        id=derived_id("import", source, "organisation", known_by or key),
        name=values["organisation"] or unnamed,
        kind="provider",
    )


def _location(values: Mapping[str, str]) -> tuple[Location | None, list[str]]:
    code = postcode(values["postcode"])
    place = point(values["latitude"] or None, values["longitude"] or None)
    notes = []
    if values["postcode"] and not code:
        notes.append("postcode left out: not a UK postcode")
    if (values["latitude"] or values["longitude"]) and not place:
        notes.append("coordinates left out: not a place in the United Kingdom")
    if not code and not place:
        notes.append("no place: it is not found by distance")
        if not values["address"]:
            return None, notes
    location = Location(
        address_1=", ".join(values["address"].splitlines()) or None,
        city=values["city"] or None,
        postal_code=code,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
    )
    return location, notes


def _description(values: Mapping[str, str]) -> str | None:
    said = (values["description"], _REFERRAL.get(values["referral"].lower(), ""))
    return " ".join(words if words[-1] in ".!?" else f"{words}." for words in said if words) or None


def _schedules(words: str) -> tuple[Schedule, ...]:
    if not words:
        return ()
    if re.fullmatch(r"\d+(\.\d+)?", words):
        return (Schedule(description=f"Open {words} hours a week"),)
    found = sessions(words)
    if not found:
        return (Schedule(description=words),)
    return tuple(
        Schedule(byday=",".join(days), opens_at=opens, closes_at=closes)
        for days, opens, closes in found
    )
