"""Decide to which machine a webhook may connect. Free of Django.

A customer chooses the address, so it must not lead into the operator's own network:
the name is resolved once, every answer is checked, and the connection goes to the
checked number, so that a second answer of the name server changes nothing.
"""

import ipaddress
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
# All that the Internet routes in IPv6: what lies outside, such as old site-local numbers
# or numbers that hold an IPv4 one, leads into somebody's own network.
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
# Loopback, RFC 1918, carrier-grade NAT (as overlay networks use it) and RFC 4193.
_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)
# A cloud answers with credentials here; other clouds' numbers are link-local.
_METADATA: Final = ipaddress.ip_address("fd00:ec2::254")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Refused(ValueError):
    """The address may not or cannot be used."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes, after its name was resolved and allowed."""

    is_tls: bool
    host: str
    port: int
    host_header: str
    path: str
    ip: str


def resolve_target(address: str, *, allow_private: bool) -> Target:
    """Resolve an address to the one machine that it may connect to.

    Raises Refused, and OSError when the name server does not answer.
    """
    parts = parse_address(address)
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ips = [str(entry[4][0]) for entry in found]
    allowed = [ip for ip in ips if is_allowed(ip, allow_private=allow_private)]
    if not allowed:
        # Not the number: a customer would learn the operator's own network from it.
        raise Refused(f"{host} leads to an address that is not public")
    query = f"?{parts.query}" if parts.query else ""
    return Target(
        is_tls=parts.scheme == "https",
        host=host,
        port=port,
        host_header=parts.netloc.rpartition("@")[2],
        path=(parts.path or "/") + query,
        ip=allowed[0],
    )


def parse_address(address: str) -> SplitResult:
    """Read an http or https address. Raises Refused."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # a malformed port raises
    except ValueError:
        raise Refused("not an http:// or https:// address") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise Refused("not an http:// or https:// address")
    if not address.isascii() or any(sign <= " " for sign in address):
        raise Refused("the address holds a space or a letter outside ASCII")
    if parts.username is not None:
        raise Refused("the address holds a user name; use the signature instead")
    return parts


def is_allowed(ip: str, *, allow_private: bool) -> bool:
    """Tell whether a webhook may connect to this number.

    Link-local numbers, where clouds keep their metadata, are never allowed, nor are
    others with a special meaning.

    >>> is_allowed("169.254.169.254", allow_private=True)
    False
    >>> is_allowed("10.0.0.1", allow_private=False)
    False
    """
    number = _embedded(ipaddress.ip_address(ip.partition("%")[0]))
    if number.is_multicast or number == _METADATA or _is_tunnel(number):
        return False
    if _is_public(number):
        return True
    return allow_private and any(number in network for network in _PRIVATE)


def _embedded(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 number inside an IPv6 one that stands for it."""
    if isinstance(number, IPv4Address):
        return number
    if number.ipv4_mapped is not None:
        return number.ipv4_mapped
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number


def _is_public(number: IPv4Address | IPv6Address) -> bool:
    if isinstance(number, IPv6Address) and number not in _GLOBAL_UNICAST:
        return False
    return number.is_global


def _is_tunnel(number: IPv4Address | IPv6Address) -> bool:
    """Tell whether it is a 6to4 or Teredo number, which may hide any IPv4 one."""
    if isinstance(number, IPv4Address):
        return False
    return number.sixtofour is not None or number.teredo is not None
