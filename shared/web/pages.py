"""Plain pages for people who follow a signed link: readable by anyone, in any browser.

They need no script, load nothing from anywhere and are never kept or framed. A GET shows
what would be done, and only the page's form, a POST, does it: mail scanners open every
link. The colours have a contrast of 7:1 or more (WCAG 2.2 AAA, 1.4.6).
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from jinja2 import DictLoader, Environment, StrictUndefined, Template
from starlette.responses import HTMLResponse

from shared.errors import Invalid

_MOST_FIELDS = 50

_STYLE = """
body{margin:0 auto;max-width:40rem;padding:1.5rem;font:1.1875rem/1.5 Arial,sans-serif;
color:#212b32;background:#fff;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.25}
dt{font-weight:bold}dd{margin:0 0 .75rem}
fieldset{border:0;margin:0 0 1.5rem;padding:0}legend{font-weight:bold;padding:0}
.option{display:block;padding:.5rem 0}input[type=radio]{width:1.5rem;height:1.5rem;
vertical-align:middle;margin:0 .75rem 0 0}
label.text{display:block;font-weight:bold}
input.text,textarea{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;
border:2px solid #4c6272;margin-bottom:1.5rem}
button{font:inherit;font-weight:bold;color:#fff;background:#00401e;border:0;
padding:.75rem 1.25rem;min-height:2.75rem;cursor:pointer}
button:hover{background:#002f16}
:focus-visible{outline:4px solid #212b32;outline-offset:2px;box-shadow:0 0 0 2px #ffeb3b}
"""

_FRAME = """<!doctype html>
<html lang="{{ lang }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
{{ body }}
</main>
</body>
</html>
"""

_FORMS = """
{%- macro form(label, action="") -%}
<form method="post"{% if action %} action="{{ action }}"{% endif %}>
{{ caller() if caller is defined }}<button type="submit">{{ label }}</button>
</form>
{%- endmacro -%}
{%- macro radios(name, legend, options, required=true) -%}
<fieldset>
<legend>{{ legend }}</legend>
{% for value, label in options -%}
<label class="option"><input type="radio" name="{{ name }}" value="{{ value }}"
{%- if required %} required{% endif %}>{{ label }}</label>
{% endfor -%}
</fieldset>
{%- endmacro -%}
{%- macro textarea(name, label, most=2000) -%}
<label class="text" for="{{ name }}">{{ label }}</label>
<textarea id="{{ name }}" name="{{ name }}" rows="5" maxlength="{{ most }}"></textarea>
{%- endmacro -%}
{%- macro hidden(name, value) -%}
<input type="hidden" name="{{ name }}" value="{{ value }}">
{%- endmacro -%}
"""

_CANNOT_BE_USED = """
<p>It may be too old, or may have been cut short when it was copied. Nothing was changed.</p>
<p>Please ask whoever sent it to you for a new one.</p>
"""

_POLICY = (
    "default-src 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""On every page. The address holds the token, so no other site may come to know it."""

_environment = Environment(
    loader=DictLoader({"frame": _FRAME, "forms": _FORMS}),
    autoescape=True,
    undefined=StrictUndefined,
)
_environment.globals["forms"] = _environment.get_template("forms").module


def render(
    template: str, *, title: str, status: int = 200, lang: str = "en", **values: Any
) -> HTMLResponse:
    """A whole page: ``title`` is its heading, ``template`` the Jinja text below it.

    Every value is escaped; one that is missing raises jinja2.UndefinedError. ``forms`` is
    there to be called: ``{{ forms.form("Confirm") }}`` is a button that posts to the page's
    own address, ``{% call forms.form("Send") %}…{% endcall %}`` one with fields before it:
    ``forms.radios(name, legend, [(value, label), …])``, ``forms.textarea(name, label)`` and
    ``forms.hidden(name, value)``.
    """
    body = _compiled(template).render(values)
    page = _environment.get_template("frame").render(
        lang=lang, title=title, style=_safe(_STYLE), body=_safe(body)
    )
    return HTMLResponse(page, status, HEADERS)


def cannot_be_used() -> HTMLResponse:
    """The page for a link that does not read; it does not say why, as it may be a guess."""
    return render(_CANNOT_BE_USED, title="This link cannot be used", status=404)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form; of a name that comes twice, the last.

    Raises Invalid where the body is not a form in UTF-8 (``urlencoded``) of at most 50 fields.
    """
    try:
        fields = parse_qsl(
            (await request.body()).decode(),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Invalid("The body is not a form.") from None
    return dict(fields)


@lru_cache(maxsize=256)
def _compiled(template: str) -> Template:
    return _environment.from_string(template)


def _safe(markup: str) -> Any:
    """Markup made here from escaped parts, not to be escaped again."""
    return _environment.filters["safe"](markup)
