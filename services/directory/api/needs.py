"""The route of the coded needs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.directory.api.models import NeedList
from services.directory.domain import NEEDS, NeedGroup
from shared.web import Acting

router = APIRouter(tags=["needs"])


@router.get("/needs")
async def list_needs(
    _actor: Acting,
    group: Annotated[NeedGroup | None, Query(description="Only the needs of this group.")] = None,
) -> NeedList:
    """List the coded needs.

    Every need that a service may be coded with and a person may have, by group. `taxonomy_terms`
    are words that mean it, as its code and its label do: a service loaded with such a term and no
    need codes is found under the need. `snomed_ct` is null where no concept has been verified.
    """
    needs = NEEDS.values()
    return NeedList(items=tuple(need for need in needs if group is None or need.group == group))
