"""Where webhooks may go: public addresses only, checked on the very address that is connected to, so that no name can resolve to another later."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]

NAT64 = IPv6Network("64:ff9b::/96")
UNKNOWN_TO_PYTHON = (IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Not public, though `ipaddress` does not know it: the relays of 6to4, and documentation (RFC 9637)."""


class AddressRefused(OSError):
    """The endpoint's name leads to an address that is not public."""


def opener(*, allow_loopback: bool) -> Callable[[AddressInfo], socket.socket]:
    """Return what opens a socket to an address, or raises AddressRefused: for aiohttp's `socket_factory`."""

    def open_socket(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not is_allowed(str(address[0]), allow_loopback=allow_loopback):
            raise AddressRefused("the address is not public")
        return socket.socket(family, kind, protocol)

    return open_socket


def why_not(url: str, *, allow_loopback: bool) -> str | None:
    """Return why webhooks may never go to `url`, as far as its text shows; names are judged by what they resolve to, when connecting."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "url cannot be parsed"
    if parts.scheme != "https" and not (allow_loopback and parts.scheme == "http"):
        return "url must begin with https://"
    if not host or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        return "url must have a host, no user name, no fragment, and ASCII characters only"
    try:
        allowed = is_allowed(host, allow_loopback=allow_loopback)
    except ValueError:
        return None
    return None if allowed else "url must lead to a public address"


def is_allowed(host: str, *, allow_loopback: bool) -> bool:
    """Tell whether a webhook may go to this numeric address. Loopback is allowed on local stacks only."""
    address = _without_disguise(ip_address(host.partition("%")[0]))
    if allow_loopback and address.is_loopback:
        return True
    if address.is_multicast or address.is_reserved or (isinstance(address, IPv6Address) and address.is_site_local):
        return False
    return address.is_global and not any(address in network for network in UNKNOWN_TO_PYTHON)


def _without_disguise(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
