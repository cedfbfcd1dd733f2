"""Taking a JSON body: once, from its bytes, straight into the model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, cast

from fastapi import Request
from fastapi.params import Depends
from pydantic import TypeAdapter, ValidationError, ValidationInfo

from shared.settings import ServiceSettings
from shared.web.problems import invalid_body
from shared.web.shape import check_shape


class Reading(TypedDict):
    """What a body's validators may ask of the moment it is read: pydantic's ``context``."""

    now: datetime


def read_at(info: ValidationInfo) -> datetime:
    """When the service read the body, by its own clock, for a rule about past and future."""
    return cast("Reading", info.context)["now"]


class JsonBody(Depends):
    """Marks a parameter as the request's JSON body.

    ``body: Annotated[NewReferral, JsonBody(NewReferral)]`` behaves like FastAPI's own body
    parameter, also in ``/openapi.json``. The bytes are validated as they came, without a tree
    of Python objects in between: quicker for large bodies, exact about where they stop being
    JSON, and in pydantic's JSON mode, where a strict model still takes dates as text.

    ``example`` is shown instead of the model's own: for a model that serves several routes,
    or one route of several services.

    Raises Invalid, naming each field, or the position at which it stops being JSON; also
    where it is nested too deeply, and TooLarge where it holds too many values.
    """

    def __init__(self, model: Any, *, example: Mapping[str, Any] | None = None) -> None:
        super().__init__(BodyReader(model, example))


class BodyReader:
    """The dependency behind JsonBody; ``model`` is what the body must be."""

    def __init__(self, model: Any, example: Mapping[str, Any] | None = None) -> None:
        self.model = model
        self.example = example
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)

    async def __call__(self, request: Request) -> Any:
        """The body as ``model``."""
        body = await request.body()
        settings: ServiceSettings = request.app.state.settings
        check_shape(body, depth=settings.max_json_depth, values=settings.max_json_values)
        reading = Reading(now=request.app.state.clock.now())
        try:
            return self._adapter.validate_json(body, context=reading)
        except ValidationError as error:
            raise invalid_body(error) from None
