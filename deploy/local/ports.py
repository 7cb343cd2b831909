"""TCP ports of 127.0.0.1 that are free."""

import random
import socket

from deploy.local.errors import LocalStackError

HOST = "127.0.0.1"

# Below the range from which systems draw the ports of outgoing connections: a client that tries again and again to reach a server
# that is down would else now and then be given that very port, and be connected to itself.
_CANDIDATES = range(20_000, 30_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port on which nothing listens."""
    for port in random.sample(_CANDIDATES, k=200):
        if is_free(port):
            return port
    raise LocalStackError(f"No port between {_CANDIDATES.start} and {_CANDIDATES.stop} of {HOST} is free.")


def demand_free(port: int, wanted_by: str) -> int:
    """Return `port`, or say that something else listens on it."""
    if not is_free(port):
        raise LocalStackError(f"Port {port}, which {wanted_by} needs, is in use by another program: stop that program, or choose another port.")
    return port
