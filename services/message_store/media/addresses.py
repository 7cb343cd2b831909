"""Public addresses only, checked on the very address that is connected to, so that no name can resolve to another later."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]

NAT64 = IPv6Network("64:ff9b::/96")
UNKNOWN_TO_PYTHON = (IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Not public, though `ipaddress` does not know it: the relays of 6to4, and documentation (RFC 9637)."""


class AddressRefused(OSError):
    """The name leads to an address that is not public."""


def opener(*, allow_loopback: bool) -> Callable[[AddressInfo], socket.socket]:
    """Return what opens a socket to an address, or raises AddressRefused: for aiohttp's `socket_factory`."""

    def open_socket(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not is_allowed(str(address[0]), allow_loopback=allow_loopback):
            raise AddressRefused("the address is not public")
        return socket.socket(family, kind, protocol)

    return open_socket


def is_allowed(host: str, *, allow_loopback: bool) -> bool:
    """Tell whether this numeric address may be connected to. Loopback is allowed on local stacks only."""
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
