"""Asks the service of this container whether it is ready: exits 0 when it is, 1 when it is not or does not answer. The image has no curl."""

import http.client
import os
import sys
from http import HTTPStatus

PATH = "/health/ready"
ANSWER_WITHIN_SECONDS = 4.0


def ready(port: int) -> bool:
    """Tell whether the service on this port of this container says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_WITHIN_SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ["COMANDA_HTTP_PORT"])) else 1)
