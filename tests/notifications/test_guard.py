import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from services.notifications.guard import Guard, Refused, Unresolved, is_public, resolve

HOOK = "https://hooks.example.org/linkway"


def guard(*addresses: str, allow_loopback: bool = False) -> Guard:
    """A guard whose resolver gives these addresses for every name."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return Guard(allow_loopback=allow_loopback, resolve=resolve)


async def reason(guarding: Guard, url: str) -> str:
    with pytest.raises(Refused) as refused:
        await guarding.check(url)
    [error] = refused.value.errors
    assert error.pointer == "/url"
    assert url not in refused.value.detail + error.reason
    return error.reason


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - refused here
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "::127.0.0.1",
        "::8.8.8.8",
        "fec0::1",
        "3fff::1",
        "2001:20::1",
        "5f00::1",
        "100::1",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_known(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_public_internet_is_known(address: str) -> None:
    assert is_public(ip_address(address))


async def test_a_public_https_address_is_taken_with_its_checked_addresses() -> None:
    target = await guard("8.8.8.8", "2606:4700::1111", "8.8.8.8").check(HOOK + "#part")
    assert str(target.url) == "https://hooks.example.org/linkway"
    assert [str(address) for address in target.addresses] == ["8.8.8.8", "2606:4700::1111"]


async def test_a_name_with_even_one_private_address_is_refused() -> None:
    why = "must lead to a public internet address"
    assert await reason(guard("8.8.8.8", "10.0.0.7"), HOOK) == why
    assert await reason(guard("fe80::1%eth0"), HOOK) == why
    assert await reason(guard("8.8.8.8"), "https://169.254.169.254/latest/meta-data") == why
    assert await reason(guard("8.8.8.8"), "https://[::ffff:10.0.0.1]/") == why


async def test_a_number_that_the_system_would_read_as_an_address_is_refused() -> None:
    real = Guard(allow_loopback=False)
    for host in ("2130706433", "0x7f000001", "127.1", "localhost"):
        with pytest.raises((Refused, Unresolved)):
            await real.check(f"https://{host}/")


async def test_plain_http_is_refused() -> None:
    why = "must begin with https://"
    assert await reason(guard("8.8.8.8"), "http://hooks.example.org/") == why
    assert await reason(guard("8.8.8.8"), "ftp://hooks.example.org/") == why
    assert await reason(guard("8.8.8.8"), "hooks.example.org") == why
    assert await reason(guard("8.8.8.8"), "https:///path") == why


async def test_other_ports_user_names_and_what_is_no_url_are_refused() -> None:
    assert await reason(guard("8.8.8.8"), "https://hooks.example.org:22/") == "must use port 443"
    assert (
        await reason(guard("8.8.8.8"), "https://user:word@hooks.example.org/")
        == "must not hold a user name or password"
    )
    assert await reason(guard("8.8.8.8"), "https://hooks.example.org:port/") == "is not a URL"


async def test_loopback_is_refused_without_the_development_switch() -> None:
    assert await reason(guard(), "http://127.0.0.1:9000/hook") == "must begin with https://"
    why = "must lead to a public internet address"
    assert await reason(guard("127.0.0.1"), HOOK) == why


async def test_the_development_switch_lets_this_machine_through_and_nothing_else() -> None:
    open_guard = guard("10.0.0.7", allow_loopback=True)
    target = await open_guard.check("http://127.0.0.1:9000/hook")
    assert [str(address) for address in target.addresses] == ["127.0.0.1"]
    assert await reason(open_guard, HOOK) == "must lead to a public internet address"
    assert await reason(open_guard, "http://10.0.0.7/") == "must begin with https://"
    mixed = guard("127.0.0.1", "10.0.0.7", allow_loopback=True)
    assert await reason(mixed, HOOK) == "must lead to a public internet address"


async def test_a_name_server_that_hangs_holds_up_no_other_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, hanging = threading.Event(), "hangs.example.org"

    def look_up(host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        if host == hanging:
            answer.wait(10)
        return [(None, None, None, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    waiting = [asyncio.create_task(resolve(hanging, 443)) for _ in range(40)]
    try:
        async with asyncio.timeout(5):
            assert await resolve("hooks.example.org", 443) == ["8.8.8.8"]
        assert not any(task.done() for task in waiting)
    finally:
        answer.set()
        await asyncio.gather(*waiting)


async def test_a_name_without_an_address_is_named_as_such() -> None:
    with pytest.raises(Unresolved) as unresolved:
        await Guard(allow_loopback=False).check("https://nothing-here.invalid/hook")
    assert unresolved.value.errors[0].pointer == "/url"
