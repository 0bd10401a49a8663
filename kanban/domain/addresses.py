"""Tells addresses of the public web from all others. Pure: names are resolved elsewhere."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Written out, because the standard library's `is_global` has changed between versions of Python.
_NOT_THE_WEB: dict[str, list[str]] = {
    "an unspecified": ["0.0.0.0/8", "::/128"],
    "a loopback": ["127.0.0.0/8", "::1/128"],
    "a private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"],
    "a link-local": ["169.254.0.0/16", "fe80::/10"],
    "a carrier-grade NAT": ["100.64.0.0/10"],
    "a multicast": ["224.0.0.0/4", "ff00::/8"],
    "a reserved": [
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20"),
    ],
}
_KINDS = [(ip_network(network), kind) for kind, networks in _NOT_THE_WEB.items() for network in networks]
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_HOME_DOMAINS = (".localhost", ".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)


def check_allowed(entry: str) -> str:
    """Return `entry` if it names a host, an address or a network; raise ValueError otherwise."""
    _parse_allowed(entry)
    return entry


def find_objection(host: str, addresses: Iterable[str], allowed: Collection[str]) -> str | None:
    """Say why `host`, which stands for `addresses`, may not be fetched from; None if it may.

    Every address has to be public or in an `allowed` network, unless `host` itself is in `allowed`.
    """
    if is_disguised(host):
        return f"{host!r} is an unusual spelling of an address"
    named = [_parse_allowed(entry) for entry in allowed]
    if _canonical(host) in named:
        return None
    networks = [entry for entry in named if not isinstance(entry, str)]
    for text in addresses:
        address = _unwrap(ip_address(text))
        kind = _name_kind(address)
        if kind and not any(address in network for network in networks):
            return f"{host} is {kind} address" if host == text else f"{host} is {text}, {kind} address"
    return None


def is_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address."""
    return _as_address(text) is not None


def is_at_home(host: str) -> bool:
    """Whether a host is this machine or one of the local network, by its address or by the kind of its name."""
    if (address := _as_address(host.strip("[]"))) is not None:
        return _name_kind(_unwrap(address)) is not None
    name = _canonical(host)
    return "." not in name or name.endswith(_HOME_DOMAINS)


def is_disguised(host: str) -> bool:
    """Whether `host` is an IPv4 address spelled as anything but four decimal numbers, as in `0x7f.1`."""
    plain = _canonical(unicodedata.normalize("NFKC", host).replace("\u3002", "."))
    return bool(_NUMBER.fullmatch(plain.rpartition(".")[2])) and (_as_address(plain) is None or plain != host)


def _parse_allowed(entry: str) -> str | Network:
    try:
        return ip_network(entry)
    except ValueError as error:
        if "host bits" in str(error):
            raise ValueError(f"{entry!r} is not a network: bits are set behind its prefix") from None
    if not _HOST.fullmatch(entry) or is_disguised(entry):
        raise ValueError(
            f"{entry!r} is not a host, an address or a network: write it like wiki.lan, 192.168.1.7 or 10.0.0.0/24, "
            "without scheme and port"
        )
    return _canonical(entry)


def _canonical(host: str) -> str:
    return host.removesuffix(".").lower()


def _as_address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries on, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _name_kind(address: Address) -> str | None:
    """What kind of address this is, with its article; None for a public one."""
    found = next((kind for network, kind in _KINDS if address in network), None)
    if not found and isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6:
        return "a reserved"
    return found
