"""Taking a JSON body: once, from its bytes, straight into the model."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.params import Depends
from pydantic import TypeAdapter, ValidationError

from shared.web.problems import invalid_body


class JsonBody(Depends):
    """Marks a parameter as the request's JSON body.

    ``body: Annotated[NewReferral, JsonBody(NewReferral)]`` behaves like FastAPI's own body
    parameter, also in ``/openapi.json``. The bytes are validated as they came, without a tree
    of Python objects in between: quicker for large bodies, exact about where they stop being
    JSON, and in pydantic's JSON mode, where a strict model still takes dates as text.

    Raises Invalid, naming each field, or the position at which it stops being JSON.
    """

    def __init__(self, model: Any) -> None:
        super().__init__(BodyReader(model))


class BodyReader:
    """The dependency behind JsonBody; ``model`` is what the body must be."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)

    async def __call__(self, request: Request) -> Any:
        """The body as ``model``."""
        try:
            return self._adapter.validate_json(await request.body())
        except ValidationError as error:
            raise invalid_body(error) from None
