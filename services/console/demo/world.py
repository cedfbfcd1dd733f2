"""The directory as the journeys meet it: practices, link-worker teams, needs that are answered."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from services.console.demo.api import Api, Who
from shared.ids import derived_id

CURATOR = Who("directory_curator", "icb")
_TEAMS_ADDED = 3
_WORKERS = 4
_CASES_EACH = 250
"""People a link worker looks after in a year; the field's own figure is 200 to 250."""


@dataclass(frozen=True, slots=True)
class Team:
    """A link-worker team: the service that is referred to and the organisation behind it."""

    service_id: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A GP practice that refers, and the team it refers to.

    ``district`` is the postcode district its people live in, where the directory knows it.
    """

    id: str
    district: str | None
    team: Team


@dataclass(frozen=True, slots=True)
class World:
    """Who and what there is to play with.

    ``needs`` has the coded needs that open services answer, with how many do; ``labels`` says
    them in words, ``groups`` which of the seven groups each is of. ``closing`` is a made-up
    service that closes while people are referred to it. ``services`` counts the open community
    services, ``teams_added`` the fictional teams that the files were lacking.
    """

    practices: Sequence[Practice]
    teams: Sequence[Team]
    needs: Mapping[str, int]
    labels: Mapping[str, str]
    groups: Mapping[str, str]
    closing: Mapping[str, Any]
    services: int
    teams_added: int


async def read_world(api: Api, *, districts: AbstractSet[str], at_most: int, seed: int) -> World:
    """Ask the directory; add teams where it has none. ``at_most`` so many practices refer."""
    practices = await api.all(
        "directory", "/organisations", CURATOR, kind="practice", status="active"
    )
    community = await api.all("directory", "/services", CURATOR, service_role="community")
    teams = await api.all("directory", "/services", CURATOR, service_role="link_worker_team")
    added = 0 if teams else _TEAMS_ADDED
    if added:
        teams = await _add_teams(api)
    for organisation in {team["organization"]["id"] for team in teams}:
        await _state_workers(api, organisation)
    needs = Counter(code for service in community for code in service["need_codes"])
    labels = await api.get("directory", "/needs", CURATOR)
    chance = random.Random(seed)  # noqa: S311 - a choice wants a seed, not secrecy
    practices.sort(key=lambda practice: str(practice["id"]))
    chance.shuffle(practices)
    known = {team["id"]: Team(team["id"], team["organization"]["id"]) for team in teams}
    return World(
        practices=[
            Practice(practice["id"], district, await _team_for(api, number, district, known))
            for number, practice in enumerate(practices[:at_most])
            for district in [_district_of(practice, districts)]
        ],
        teams=list(known.values()),
        needs=needs or {"loneliness": 1},
        labels={need["code"]: need["label"] for need in labels["items"]},
        groups={need["code"]: need["group"] for need in labels["items"]},
        closing=await _add_closing(api),
        services=len(community),
        teams_added=added,
    )


async def _team_for(api: Api, number: int, district: str | None, teams: Mapping[str, Team]) -> Team:
    """The team nearest to the district; where none is on the map, the practices take turns."""
    if district is not None:
        near = await api.get(
            "directory",
            "/services",
            CURATOR,
            service_role="link_worker_team",
            postcode=district,
            limit=1,
        )
        if near["items"]:
            return teams[near["items"][0]["id"]]
    return list(teams.values())[number % len(teams)]


def _district_of(practice: Mapping[str, Mapping[str, str]], known: AbstractSet[str]) -> str | None:
    code = practice["address"].get("postal_code") or ""
    district = code.partition(" ")[0]
    return district if district in known else None


async def _state_workers(api: Api, organisation: str) -> None:
    """The link workers of a team, so that its cases are shared out."""
    for n in range(1, _WORKERS + 1):
        await api.put(
            "referral",
            f"/teams/{organisation}/workers/worker-{n}",
            Who("team_lead", organisation),
            {"limit": _CASES_EACH},
        )


async def _add_closing(api: Api) -> Mapping[str, Any]:
    """A fictional community service that will close, outside the needs anyone looks for."""
    id_ = derived_id("demo", "closing")
    organisation = {"id": derived_id("demo", "organisation", id_), "name": "Demo group (fictional)"}
    await api.put("directory", "/organisations", CURATOR, [{**organisation, "kind": "provider"}])
    await api.put(
        "directory",
        "/services",
        CURATOR,
        [
            {
                "id": id_,
                "name": "Demo lunch club that closes (fictional)",
                "description": "Made up by the demo, to be closed while people are referred to it.",
                "organization": organisation,
                "service_role": "community",
            }
        ],
    )
    found: Mapping[str, Any] = await api.get("directory", f"/services/{id_}", CURATOR)
    return found


async def _add_teams(api: Api) -> list[dict[str, object]]:
    """Fictional teams, for files that hold none."""
    numbers = range(1, _TEAMS_ADDED + 1)
    names = {
        derived_id("demo", "team", str(n)): f"Demo link workers {n} (fictional)" for n in numbers
    }
    organisations = {id_: derived_id("demo", "organisation", id_) for id_ in names}
    await api.put(
        "directory",
        "/organisations",
        CURATOR,
        [
            {"id": organisations[id_], "name": name, "kind": "provider"}
            for id_, name in names.items()
        ],
    )
    await api.put(
        "directory",
        "/services",
        CURATOR,
        [
            {
                "id": id_,
                "name": name,
                "description": "Made up by the demo, as the files hold no link-worker team.",
                "organization": {"id": organisations[id_], "name": name},
                "service_role": "link_worker_team",
            }
            for id_, name in names.items()
        ],
    )
    return await api.all("directory", "/services", CURATOR, service_role="link_worker_team")
