"""The public web, and every way to spell what is not part of it."""

import pytest

from kanban.domain.addresses import find_objection

NOT_THE_WEB = {
    "an unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "a loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "a private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1", "fec0::1"],
    "a link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0"],
    "a carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "a multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "a reserved": ["192.0.2.1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "2001:db8::1", "2001::1", "::127.0.0.1"],
}
CARRIED = {
    "IPv4-mapped": ("::ffff:10.0.0.1", "::ffff:8.8.8.8"),
    "6to4": ("2002:a00:1::1", "2002:808:808::1"),
    "NAT64": ("64:ff9b::10.0.0.1", "64:ff9b::8.8.8.8"),
}


@pytest.mark.parametrize(("kind", "address"), [(kind, one) for kind, found in NOT_THE_WEB.items() for one in found])
def test_an_address_that_is_not_public_is_named_by_its_kind(kind: str, address: str) -> None:
    assert find_objection(address, [address], []) == f"{address} is {kind} address"
    assert find_objection("a.example", [address], []) == f"a.example is {address}, {kind} address"


@pytest.mark.parametrize("address", ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::5"])
def test_public_addresses_are_the_web(address: str) -> None:
    assert find_objection("a.example", [address], []) is None


@pytest.mark.parametrize(("inside", "public"), CARRIED.values(), ids=CARRIED)
def test_an_address_inside_of_another_is_looked_at(inside: str, public: str) -> None:
    assert find_objection("a.example", [inside], []) == f"a.example is {inside}, a private address"
    assert find_objection("a.example", [public], []) is None
    assert find_objection("a.example", [inside], ["10.0.0.0/24"]) is None


def test_networks_that_only_this_site_translates_are_refused() -> None:
    assert find_objection("a.example", ["64:ff9b:1::7f00:1"], []) is not None


def test_a_network_that_is_named_lets_through_what_lies_in_it_and_nothing_else() -> None:
    assert find_objection("a.lan", ["10.0.0.1", "10.0.0.2"], ["10.0.0.0/24"]) is None
    assert find_objection("a.lan", ["10.0.0.1", "10.0.1.1"], ["10.0.0.0/24"]) == "a.lan is 10.0.1.1, a private address"


@pytest.mark.parametrize("host", ["wiki.lan", "WIKI.lan", "wiki.lan."])
def test_a_host_that_is_named_is_itself_and_no_other(host: str) -> None:
    assert find_objection(host, ["10.0.0.1"], ["Wiki.Lan"]) is None
    assert find_objection("a.wiki.lan", ["10.0.0.1"], ["wiki.lan"]) is not None


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "0177.0.0.1", "10.1", "evil.0x7f", "１２７.0.0.1", "8.8.8.8."]
)
def test_numbers_that_are_not_four_decimals_are_a_disguise(host: str) -> None:
    assert find_objection(host, ["8.8.8.8"], []) == f"{host!r} is an unusual spelling of an address"
