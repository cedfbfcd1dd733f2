"""How far apart two places are, in a straight line over the ground."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from services.directory.domain.words import Point

_EARTH = 6_378_100.0
"""Metres from the middle of the Earth, as MongoDB has it, so that both say the same distance."""


def metres_between(one: Point, other: Point) -> float:
    """The distance in metres, by the haversine formula on a sphere."""
    north, other_north = radians(one.latitude), radians(other.latitude)
    up = sin((other_north - north) / 2) ** 2
    along = sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * _EARTH * asin(sqrt(min(1.0, up + cos(north) * cos(other_north) * along)))
