"""What the directory finds and is told, on what the demo loads."""

from __future__ import annotations

from functools import partial

from tests.e2e.pasting.docs import CURATOR, GROUP, TEAM, Docs, walk


@walk(
    directory="""
        POST /matches
        POST /unmet-needs
        PUT /organisations
        PUT /districts
        PUT /services
        PUT /services/{service_id}
        PUT /services/{service_id}/capacity
        POST /services/{service_id}/problems
        POST /services/{service_id}/problems/{problem_id}/resolve
        POST /services/{service_id}/close
        POST /organisations/{organisation_id}/move
    """
)
async def the_directory_finds_what_the_demo_loads(docs: Docs) -> None:
    """And takes what registers, curators and providers tell it."""
    found = await docs.paste(TEAM, "directory", "/matches")
    assert found["matches"]
    await docs.paste(TEAM, "directory", "/unmet-needs")
    for path in ("/organisations", "/districts", "/services"):
        loaded = await docs.paste(CURATOR, "directory", path, method="put")
        assert {row["outcome"] for row in loaded["results"]} <= {"created", "changed", "unchanged"}
    stated = docs.example("directory", "put", "/services/{service_id}")["id"]
    path = "/services/{service_id}"
    told = partial(docs.paste, service="directory", service_id=stated)
    await told(CURATOR, path=path, method="put")
    await told(GROUP, path=f"{path}/capacity", method="put")
    problem = await told(TEAM, path=f"{path}/problems")
    await told(GROUP, path=f"{path}/problems/{{problem_id}}/resolve", problem_id=problem["id"])
    await told(CURATOR, path=f"{path}/close")
    path = "/organisations/{organisation_id}/move"
    await docs.paste(CURATOR, "directory", path, organisation_id="Y90001")
