"""Lists are given a page at a time, by a cursor that says nothing to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

MOST = 200
_LONGEST_CURSOR = 512

Item = TypeVar("Item")


class Listing(BaseModel, Generic[Item]):
    """One page. ``next_cursor`` is null on the last."""

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PageAsked:
    """How many, and after which."""

    limit: int
    cursor: str | None


async def _page(
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")] = 50,
    cursor: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=_LONGEST_CURSOR,
            description="`next_cursor` of the page before; without it the first page.",
        ),
    ] = None,
) -> PageAsked:
    return PageAsked(limit, cursor)


Paging = Annotated[PageAsked, Depends(_page)]
"""The page a request asks for: 50 items unless told, 200 at most."""
