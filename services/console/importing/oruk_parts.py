"""The parts of a service in Open Referral UK 3.0, in the directory's words.

What the directory would refuse is left out, and said in ``notes``: a part that is not
understood must not cost the whole service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.console.importing import contacts
from services.console.importing import oruk_shapes as shapes
from services.console.importing.access import ACCESS_CODES
from services.console.importing.places import point, postcode
from services.console.importing.records import (
    Accessibility,
    Attribute,
    Contact,
    CostOption,
    Location,
    Schedule,
    ServiceArea,
    TaxonomyTerm,
)

_DAY = r"-?[1-5]?(?:MO|TU|WE|TH|FR|SA|SU)"
_DAYS = re.compile(rf"{_DAY}(?:,{_DAY})*")
_DATE = r"-?(?:0?[1-9]|[12][0-9]|3[01])"
_DATES = re.compile(rf"{_DATE}(?:,{_DATE})*")
_WEEKS = 52
_LINE = 255
_TEXT = 10_000
_TELLING = 3
"""Letters from which on a word of a name tells of the person."""


def location(place: shapes.Location, notes: list[str]) -> Location:
    """Where a service is given, with its first address."""
    address = next(iter(place.addresses), shapes.Address())
    code = postcode(address.postal_code)
    middle = point(place.latitude, place.longitude)
    if address.postal_code and not code:
        notes.append("postal_code left out: not a UK postcode")
    if (place.latitude is not None or place.longitude is not None) and not middle:
        notes.append("coordinates left out: not a place in the United Kingdom")
    return Location(
        location_type="virtual" if place.location_type == "virtual" else "physical",
        name=place.name or None,
        address_1=", ".join(filter(None, (address.address_1, address.address_2))) or None,
        city=address.city or None,
        postal_code=code,
        latitude=middle.latitude if middle else None,
        longitude=middle.longitude if middle else None,
        accessibility=tuple(way for each in place.accessibility for way in _ways_in(each)),
    )


def _ways_in(way: shapes.Accessibility) -> tuple[Accessibility, ...]:
    """A way in with its code, where terms name one; each further code stands by itself."""
    terms = (each.taxonomy_term.term or each.taxonomy_term.name for each in way.attributes)
    codes = list(dict.fromkeys(term for term in terms if term in ACCESS_CODES))
    if not (codes or way.description or way.details):
        return ()
    first = Accessibility(
        code=codes[0] if codes else None,
        description=way.description or None,
        details=way.details or None,
        url=contacts.web_address(way.url),
    )
    return (first, *(Accessibility(code=code) for code in codes[1:]))


def schedule(said: shapes.Schedule, notes: list[str]) -> Schedule:
    """When a service is open, in code as far as it is understood."""
    known = _DAYS.fullmatch(said.byday)
    if said.byday and not known:
        notes.append("byday left out: not days of RFC 5545")
    freq = said.freq.upper()
    return Schedule(
        valid_from=said.valid_from,
        valid_to=said.valid_to,
        dtstart=said.dtstart,
        freq="WEEKLY" if freq == "WEEKLY" else "MONTHLY" if freq == "MONTHLY" else None,
        interval=said.interval if said.interval and 1 <= said.interval <= _WEEKS else None,
        byday=said.byday if known else None,
        bymonthday=said.bymonthday if _DATES.fullmatch(said.bymonthday) else None,
        opens_at=said.opens_at,
        closes_at=said.closes_at,
        attending_type=_line(said.attending_type),
        schedule_link=_web(said.schedule_link, "schedule_link", notes),
        description=said.description or None,
        notes=said.notes or None,
    )


def cost_option(cost: shapes.CostOption) -> CostOption:
    """What a service costs, for whom."""
    return CostOption(
        option=_line(cost.option),
        amount=cost.amount,
        amount_description=_line(cost.amount_description),
        valid_from=cost.valid_from,
        valid_to=cost.valid_to,
    )


def service_areas(said: Iterable[shapes.ServiceArea], notes: list[str]) -> tuple[ServiceArea, ...]:
    """For people of which areas a service is; one of which nothing is said is passed over."""
    areas = (_service_area(each, notes) for each in said)
    return tuple(area for area in areas if area != ServiceArea())


def _service_area(said: shapes.ServiceArea, notes: list[str]) -> ServiceArea:
    fits = len(said.extent) <= _TEXT
    if not fits:
        notes.append("extent left out: longer than 10,000 characters")
    return ServiceArea(
        name=_line(said.name or said.service_area),
        extent=said.extent or None if fits else None,
        extent_type=_line(said.extent_type) if fits else None,
        uri=_web(said.uri, "uri of a service area", notes),
    )


def contacts_of(said: Iterable[shapes.Contact], notes: list[str]) -> tuple[Contact, ...]:
    """Whom to ask, by what they do.

    Names of people stay out, and so do e-mail addresses that hold them: they are personal
    data of staff, who come and go, and the service is asked for by its own.
    """
    found = (_contact(each, notes) for each in said)
    return tuple(dict.fromkeys(contact for contact in found if contact != Contact()))


def _contact(said: shapes.Contact, notes: list[str]) -> Contact:
    if said.name:
        notes.append("name of a contact left out: it may be a person's")
    email = contacts.email(said.email)
    if email and _names(said, email):
        notes.append("email of a contact left out: it holds a person's name")
        email = None
    phones = (contacts.telephone(phone.number) for phone in said.phones)
    return Contact(
        title=_line(", ".join(filter(None, (said.title, said.department)))),
        email=email,
        telephone=next(filter(None, phones), None),
    )


def _names(said: shapes.Contact, email: str) -> bool:
    """Whether the address holds a word of the contact's name that is none of their role."""
    mailbox = email.rpartition("@")[0].casefold()
    role = set(_words(f"{said.title} {said.department}"))
    return any(
        word in mailbox for word in _words(said.name) if len(word) >= _TELLING and word not in role
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def attributes(said: Iterable[shapes.Attribute], notes: list[str]) -> tuple[Attribute, ...]:
    """The words of taxonomies that hold for a service, each once."""
    found = (_attribute(each, notes) for each in said)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _attribute(said: shapes.Attribute, notes: list[str]) -> Attribute | None:
    term = said.taxonomy_term
    name = _line(term.name or term.term)
    if name is None:
        return None
    return Attribute(
        taxonomy_term=TaxonomyTerm(
            name=name,
            id=_line(term.id),
            taxonomy=_line(term.taxonomy),
            term_uri=_web(term.term_uri, "term_uri", notes),
        ),
        link_type=_line(said.link_type),
    )


def _line(text: str) -> str | None:
    """As much of the text as a line holds; None where there is none."""
    return text[:_LINE] or None


def _web(text: str, field: str, notes: list[str]) -> str | None:
    address = contacts.web_address(text)
    if text and not address:
        notes.append(f"{field} left out: not understood")
    return address
