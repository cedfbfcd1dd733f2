import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI, Request
from jinja2 import UndefinedError
from starlette.responses import Response

from shared.web import pages, problems
from shared.web.pages import read_form, render

CONFIRM = """
<p>{{ name }}</p>
{% call forms.form("Send") %}
{{ forms.radios("reason_code", "Why?", [("no_capacity", "No place free"), ("other", "Other")]) }}
{{ forms.textarea("note", "Anything else?") }}
{{ forms.hidden("seen", "3") }}
{% endcall %}
"""


class Tags(HTMLParser):
    """Which tags a page has, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def text(response: Response) -> str:
    return bytes(response.body).decode()


def test_a_page_says_its_language_and_has_one_heading() -> None:
    page = Tags(text(render("<p>x</p>", title="Is this right?", lang="cy")))
    assert page.all("html") == [{"lang": "cy"}]
    assert (len(page.all("h1")), len(page.all("title")), len(page.all("main"))) == (1, 1, 1)


def test_every_field_has_a_label_and_the_form_posts_to_its_own_address() -> None:
    page = Tags(text(render(CONFIRM, title="Decline", name="Walks")))
    assert page.all("form") == [{"method": "post"}]
    assert [each["type"] for each in page.all("button")] == ["submit"]
    assert [(each["name"], each["value"]) for each in page.all("input")] == [
        ("reason_code", "no_capacity"),
        ("reason_code", "other"),
        ("seen", "3"),
    ]
    assert page.all("label")[-1]["for"] == page.all("textarea")[0]["id"] == "note"
    assert len(page.all("fieldset")) == len(page.all("legend")) == 1


def test_a_button_alone_posts_too() -> None:
    page = Tags(text(render('{{ forms.form("Confirm") }}', title="T")))
    assert page.all("form") == [{"method": "post"}]
    assert page.all("button") == [{"type": "submit"}]


def test_what_others_wrote_is_shown_and_never_run() -> None:
    page = text(render(CONFIRM, title="<b>T</b>", name="<script>alert(1)</script>"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page


def test_a_value_that_is_missing_is_a_fault_of_ours() -> None:
    with pytest.raises(UndefinedError):
        render(CONFIRM, title="Decline")


def test_a_page_loads_nothing_is_not_kept_not_framed_and_gives_its_address_to_no_one() -> None:
    page = render("<p>x</p>", title="T")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-frame-options"] == "DENY"


def test_the_policy_allows_exactly_the_page_s_own_style() -> None:
    page = render("<p>x</p>", title="T")
    (style,) = re.findall(r"<style>(.*?)</style>", text(page), re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.headers["content-security-policy"]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "paper"), [("#212b32", "#ffffff"), ("#ffffff", "#00401e"), ("#ffffff", "#002f16")]
)
def test_colours_are_far_enough_apart(ink: str, paper: str) -> None:
    lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 7
    for colour in (ink, paper):
        short = "#" + colour[1::2]
        assert colour in text(render("", title="T")) or short in text(render("", title="T"))


def test_a_link_that_does_not_read_gets_a_page_that_does_not_say_why() -> None:
    page = pages.cannot_be_used()
    assert page.status_code == 404
    assert "Please ask whoever sent it" in text(page)


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.post("/decline")
    async def decline(request: Request) -> dict[str, str]:
        return await read_form(request)

    return app


async def post(app: FastAPI, body: bytes) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.post("/decline", content=body)


async def test_a_form_is_read_by_its_names(app: FastAPI) -> None:
    answer = await post(app, b"reason_code=other&note=f%C3%BCr+sie&empty=&reason_code=no_capacity")
    assert answer.json() == {"reason_code": "no_capacity", "note": "für sie", "empty": ""}


@pytest.mark.parametrize("body", [b"\xff\xfe", b"note=%ff", b"&".join([b"a=1"] * 51)])
async def test_what_is_no_form_is_refused(app: FastAPI, body: bytes) -> None:
    assert (await post(app, body)).status_code == 422
