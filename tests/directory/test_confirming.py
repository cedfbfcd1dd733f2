"""Confirming a listing over HTTP: by its provider, and by a link without an account."""

import asyncio
import re

from shared.cause import Actor
from tests.directory.examples import PROVIDER, TENANT, WORKER, Api, service

ELSEWHERE = Actor("worker-9", "provider", "org-other", TENANT)
NOTIFIER = Actor("notifications", "service", "org-team", TENANT)


async def test_a_provider_confirms_its_own_listing_and_no_other(api: Api) -> None:
    await api("PUT", "/services", [service()])
    done = await api("POST", "/services/svc-1/assure", actor=PROVIDER)
    assert (done.status_code, done.json()["version"]) == (200, 2)
    read = await api("GET", "/services/svc-1")
    assert read.json()["assured_date"] is not None
    assert read.headers["etag"] == done.headers["etag"]
    assert (await api("POST", "/services/svc-1/assure", actor=ELSEWHERE)).status_code == 404
    assert (await api("POST", "/services/svc-1/assure", actor=WORKER)).status_code == 403
    assert (await api("POST", "/services/nowhere/assure")).status_code == 404


async def link(api: Api) -> str:
    made = await api("POST", "/services/svc-1/confirm-links", actor=NOTIFIER)
    assert made.status_code == 201
    found = re.fullmatch(r"http://127\.0\.0\.1(/confirm/.+)", made.json()["url"])
    assert found
    return found[1]


async def test_a_link_shows_the_listing_and_only_its_button_confirms(api: Api) -> None:
    said = service(name="Growing <Together>", telephone="07700 900123")
    await api("PUT", "/services", [said])
    path = await link(api)
    for _ in range(3):
        page = await api("GET", path, actor=None)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Growing &lt;Together&gt;" in page.text
    assert "07700 900123" in page.text
    assert (await api("GET", "/services/svc-1")).json()["assured_date"] is None
    done = await api("POST", path, actor=None)
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    read = await api("GET", "/services/svc-1")
    assert (read.headers["etag"], read.json()["assured_date"] is None) == ('"2"', False)


async def test_pressing_the_button_again_has_no_second_effect(api: Api) -> None:
    await api("PUT", "/services", [service()])
    path = await link(api)
    answers = await asyncio.gather(*(api("POST", path, actor=None) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await api("GET", "/services/svc-1")).headers["etag"] == '"2"'


async def test_a_link_that_is_no_good_gets_a_page_and_changes_nothing(api: Api) -> None:
    await api("PUT", "/services", [service()])
    path = await link(api)
    for bad in ("/confirm/nonsense", path[:-4], path.replace("/confirm/", "/confirm/x")):
        for method in ("GET", "POST"):
            page = await api(method, bad, actor=None)
            assert page.status_code == 404
            assert "This link cannot be used" in page.text
    moved = service(organization={"id": "org-other", "name": "Someone Else"})
    await api("PUT", "/services", [moved])
    assert (await api("POST", path, actor=None)).status_code == 404
    assert (await api("GET", "/services/svc-1")).json()["assured_date"] is None


async def test_the_page_of_a_closed_service_says_so(api: Api) -> None:
    await api("PUT", "/services", [service()])
    path = await link(api)
    await api("POST", "/services/svc-1/close", {"reason_code": "other"})
    for method in ("GET", "POST"):
        page = await api(method, path, actor=None)
        assert (page.status_code, "marked as closed" in page.text) == (409, True)


async def test_only_services_make_links(api: Api) -> None:
    await api("PUT", "/services", [service()])
    for actor in (WORKER, PROVIDER):
        refused = await api("POST", "/services/svc-1/confirm-links", actor=actor)
        assert refused.status_code == 403
    assert (await api("POST", "/services/nowhere/confirm-links", actor=NOTIFIER)).status_code == 404
