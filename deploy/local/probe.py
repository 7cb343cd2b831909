"""What a service says of its health."""

from http.client import HTTPConnection, HTTPException

from deploy.local.ports import HOST


def ask(port: int, path: str, seconds: float = 1.0) -> int | None:
    """GET `path` of the service on `port` of 127.0.0.1; return the status, or None when it does not answer within `seconds`."""
    connection = HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
