from services.directory.domain import NEEDS
from tests.directory.examples import CURATOR, WORKER, Api, pointers


async def test_organisations_are_loaded_read_and_listed(api: Api) -> None:
    rows = [
        {
            "id": f"Y9000{n}",
            "name": "Fernley Surgery",
            "kind": "practice",
            "address": {"city": "Fernley", "postal_code": f"ZZ{n} 1AA"},
        }
        for n in (1, 2)
    ]
    loaded = await api("PUT", "/organisations", [*rows, {"id": "Y90003", "kind": "shop"}])
    assert [each["outcome"] for each in loaded.json()["results"]] == [
        "created",
        "created",
        "invalid",
    ]
    assert pointers(loaded.json()["results"][2]) == ["/name", "/kind"]
    read = await api("GET", "/organisations/Y90001", actor=WORKER)
    assert read.json()["address"]["postal_code"] == "ZZ1 1AA"
    listed = await api("GET", "/organisations?kind=practice&postcode_district=zz2&status=active")
    assert [each["id"] for each in listed.json()["items"]] == ["Y90002"]
    wrong = await api("GET", "/organisations?postcode_district=ZZ2+1AA")
    assert pointers(wrong.json()) == ["/query/postcode_district"]


async def test_a_district_is_where_it_says(api: Api) -> None:
    rows = [{"id": "zz1", "latitude": 53, "longitude": -1.5}, {"id": "ZZ1 1AA"}]
    results = (await api("PUT", "/districts", rows, actor=CURATOR)).json()["results"]
    assert results[0] == {"id": "ZZ1", "outcome": "created"}
    assert pointers(results[1]) == ["/id", "/latitude", "/longitude"]


async def test_the_needs_are_given_in_their_order(api: Api) -> None:
    needs = (await api("GET", "/needs", actor=WORKER)).json()["items"]
    assert [need["code"] for need in needs] == list(NEEDS)
    assert (needs[0]["code"], needs[0]["label"]) == ("physical_activity", "Being more active")


async def test_the_contracts_are_served(api: Api) -> None:
    openapi = (await api("GET", "/openapi.json", actor=None)).json()
    assert {"Listing", "ServiceFound", "Organisation"} <= set(openapi["components"]["schemas"])
    asyncapi = (await api("GET", "/asyncapi", actor=None)).json()
    assert asyncapi["asyncapi"] == "3.0.0"
