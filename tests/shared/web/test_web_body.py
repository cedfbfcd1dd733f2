"""Rules of a body about past and future go by the service's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, ValidationInfo

from shared.clock import Clock
from shared.settings import ServiceSettings
from shared.testing import serving
from shared.web import JsonBody, read_at
from tests.shared.web.garden import garden


def _to_come(at: datetime, info: ValidationInfo) -> datetime:
    if at <= read_at(info):
        raise ValueError("must be to come")
    return at


class Sowing(BaseModel):
    at: Annotated[AwareDatetime, AfterValidator(_to_come)]


router = APIRouter()


@router.post("/sowings")
async def sow(sowing: Annotated[Sowing, JsonBody(Sowing)]) -> datetime:
    return sowing.at


class Later(Clock):
    def now(self) -> datetime:
        return datetime(2031, 3, 14, 12, tzinfo=UTC)


async def test_a_body_is_judged_by_the_services_clock(settings: ServiceSettings) -> None:
    app = garden(settings, router)
    app.state.clock = Later()
    async with serving(app) as http:
        early = await http.post("/sowings", json={"at": "2031-03-14T12:00:00Z"})
        right = await http.post("/sowings", json={"at": "2031-03-14T12:00:01Z"})
    assert (early.status_code, right.status_code) == (422, 200)
    assert early.json()["errors"] == [{"pointer": "/at", "reason": "must be to come"}]
