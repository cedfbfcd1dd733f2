"""`/docs`: the contract for people to read and try, with nothing loaded from anywhere else.

The page, its script and Swagger UI itself come from the service, so that it works where the
internet cannot be reached, and its policy can name the service alone.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

DOCUMENTATION_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Scripts and styles from this service alone, none in the page. Swagger UI draws icons (data:)."""

_BUNDLE = Path(str(files("fastapi_offline"))) / "static"
"""Swagger UI (Apache-2.0), as fastapi-offline brings it along; nothing else of it is used."""

_KEPT = "public, max-age=86400"

_PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_START = """SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
"""The addresses are relative, so that a proxy may serve all of it under a path of its own."""


def documentation(title: str) -> APIRouter:
    """The page and what it loads."""
    router = APIRouter(include_in_schema=False)
    page = _PAGE.format(title=escape(title))

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": DOCUMENTATION_POLICY})

    @router.get("/docs/{part}")
    async def part_of_docs(
        part: Literal["swagger-ui.css", "swagger-ui-bundle.js", "start.js"],
    ) -> Response:
        headers = {"Cache-Control": _KEPT}
        if part == "start.js":
            return Response(_START, media_type="text/javascript", headers=headers)
        return FileResponse(_BUNDLE / part, headers=headers)

    return router
